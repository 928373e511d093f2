package dev.graft.datasets;

import dev.graft.text.RowReader;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.core.io.InputStreamSource;

/** Sketches of rows; several inspections ask for that of the same row, one after the other. */
final class Sketches {
  /** A text of fewer is too short to be nearly another one. */
  private static final int FEWEST_PIECES = 20;

  private static final long SAMPLE_BYTES = 1 << 20;

  private final Shingles shingles;
  private @Nullable InspectedRow last;
  private @Nullable MinHash lastSketch;

  public Sketches(Shingles shingles) {
    this.shingles = shingles;
  }

  /** Of the rows of this file, by what its first ones have in common. */
  public static Sketches of(InputStreamSource rows) throws IOException {
    List<String> texts = new ArrayList<>();
    try (FirstRows in =
        new FirstRows(new BufferedInputStream(rows.getInputStream()), SAMPLE_BYTES)) {
      RowReader.read(
          in,
          example -> {
            if (texts.size() < Shingles.SAMPLE) texts.add(text(InspectedRow.of(example)));
          });
    }
    return new Sketches(Shingles.knowing(texts));
  }

  /** Null where there is too little text. */
  @Nullable MinHash of(InspectedRow row) {
    if (row != last) {
      int[] pieces = shingles.of(text(row));
      last = row;
      lastSketch = pieces.length < FEWEST_PIECES ? null : MinHash.of(pieces);
    }
    return lastSketch;
  }

  public static String text(InspectedRow row) {
    return row.said() + "\n" + row.answer();
  }
}
