// Outliers.
