package dev.graft.datasets;

import dev.graft.text.RowFormat;
import org.jspecify.annotations.Nullable;

/**
 * How the rows of a file are made, as whoever sent it asks.
 *
 * @param columns of CSV; null where its header names them as rows do
 * @param ignoreUnknownKeys leaves out keys, and columns, that no row has
 * @param conversion the format that becomes OpenAI's chat rows; null = rows stay as they are
 */
record DecodingOptions(
    @Nullable CsvColumns columns, boolean ignoreUnknownKeys, @Nullable RowFormat conversion) {
  public static final DecodingOptions NONE = new DecodingOptions(null, false, null);

  public DecodingOptions(@Nullable CsvColumns columns, boolean ignoreUnknownKeys) {
    this(columns, ignoreUnknownKeys, null);
  }
}
