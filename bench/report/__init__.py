"""The report: tables, plots and one page, made from saved records alone, the same bytes from the same records."""
