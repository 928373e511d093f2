package dev.graft.datasets;

/**
 * An import that was checked, and may be made.
 *
 * @param file with its options, and the import as its origin once that has an id
 */
record NewFileImport(ImportSource source, String text, NewFile file) {}
