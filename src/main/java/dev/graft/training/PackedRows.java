package dev.graft.training;

import dev.graft.spec.Hyperparameters.PackingStrategy;
import dev.graft.text.TokenizedRow;
import dev.graft.training.Packing.Piece;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Sequences of pieces of rows.
 *
 * @param apart a token sees its own piece only, and none predicts the first token of the next;
 *     otherwise a sequence is one text
 */
record PackedRows(List<TokenizedRow> rows, List<List<Piece>> sequences, boolean apart)
    implements TokenRows {
  /**
   * @param maxLength tokens of a sequence
   */
  public static PackedRows of(List<TokenizedRow> rows, PackingStrategy strategy, int maxLength) {
    int[] lengths = rows.stream().mapToInt(row -> row.ids().length).toArray();
    return new PackedRows(
        rows, Packing.sequences(strategy, lengths, maxLength), strategy != PackingStrategy.WRAPPED);
  }

  @Override
  public boolean segmented() {
    return apart;
  }

  @Override
  public int size() {
    return sequences.size();
  }

  @Override
  public int length(int row) {
    return sequences.get(row).stream().mapToInt(Piece::length).sum();
  }

  @Override
  public int[] ids(int row) {
    int[] ids = new int[length(row)];
    int at = 0;
    for (Piece piece : sequences.get(row)) {
      System.arraycopy(rows.get(piece.row()).ids(), piece.start(), ids, at, piece.length());
      at += piece.length();
    }
    return ids;
  }

  @Override
  public int[] labels(int row) {
    int[] labels = new int[length(row)];
    int at = 0;
    for (Piece piece : sequences.get(row)) {
      System.arraycopy(rows.get(piece.row()).labels(), piece.start(), labels, at, piece.length());
      if (apart) labels[at] = TokenizedRow.IGNORE;
      at += piece.length();
    }
    return labels;
  }

  @Override
  public int[] segments(int row) {
    int[] segments = new int[length(row)];
    int at = 0;
    int segment = 1;
    for (Piece piece : sequences.get(row)) {
      Arrays.fill(segments, at, at + piece.length(), segment);
      at += piece.length();
      if (apart) segment++;
    }
    return segments;
  }

  @Override
  public String origin(int row) {
    List<String> lines = new ArrayList<>();
    for (Piece piece : sequences.get(row)) lines.add("" + rows.get(piece.row()).line());
    return (lines.size() == 1 ? "line " : "lines ") + String.join(", ", lines);
  }
}
