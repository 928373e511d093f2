package dev.graft.datasets;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a file was made of, or how it came.
 *
 * @param parent the file whose rows these were, or the import that fetched it
 * @param remedies what was done about them; empty where they were converted only
 * @param validationFile the file that they were compared with; null = with none
 */
record FileOrigin(String parent, List<Remedy> remedies, @Nullable String validationFile) {
  /** How many rows a remedy was done to; null before it is done. */
  public record Remedied(Remedy remedy, @Nullable Long rows) {}
}
