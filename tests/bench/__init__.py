"""What Tereze must reach, measured beside what it is compared with: `make bench`. Figures: docs/benchmarks.md."""
