"""The workbook as a web site: its executed chapters as pages, made without running anything."""
