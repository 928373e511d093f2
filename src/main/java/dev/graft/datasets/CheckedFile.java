package dev.graft.datasets;

import dev.graft.artifacts.BlobRef;
import org.jspecify.annotations.Nullable;

/**
 * What reading a file to its end gave.
 *
 * @param rows its rows as a blob of their own, or null where the file is its rows, or is not good
 */
public record CheckedFile(ValidationResult validation, @Nullable BlobRef rows) {}
