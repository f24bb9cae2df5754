"""The workbook's plumbing: its chapters, and how they are opened, run, rebuilt and reported."""
