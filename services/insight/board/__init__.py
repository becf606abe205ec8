"""The board: what people open every morning, in a browser on this machine (docs/board.md, ADR 0021).

It only reads: the log, the views, the spans kept here. It is part of the read side, as it shows nothing but that.
"""
