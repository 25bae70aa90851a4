// Report.
