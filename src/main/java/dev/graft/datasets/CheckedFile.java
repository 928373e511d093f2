package dev.graft.datasets;

import dev.graft.artifacts.BlobRef;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What reading a file to its end gave.
 *
 * @param rows its rows as a blob of their own, or null where the file is its rows, or is not good
 * @param remedied what was done about the rows of which these are made
 */
record CheckedFile(
    ValidationResult validation, @Nullable BlobRef rows, List<FileOrigin.Remedied> remedied) {
  public CheckedFile(ValidationResult validation, @Nullable BlobRef rows) {
    this(validation, rows, List.of());
  }
}
