package dev.graft.datasets.imports;

import dev.graft.datasets.NewFile;

/**
 * An import that was checked, and may be made.
 *
 * @param file with its options, and the import as its origin once that has an id
 */
record NewFileImport(ImportSource source, String text, NewFile file) {}
