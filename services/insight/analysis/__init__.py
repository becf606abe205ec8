"""History for analysts: events and views as frames and files, without what is personal, as of any position."""
