package dev.graft.training;

import dev.graft.model.MicroBatch.TokenBatch;
import dev.graft.spec.Hyperparameters.PackingStrategy;
import dev.graft.text.TokenizedRow;
import dev.graft.training.TokenRows.Packing.Piece;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Rows whose tokens train: those of the file, or combinations of them. */
sealed interface TokenRows extends Rows
    permits TokenRows.Separate, TokenRows.EndToEnd, TokenRows.PackedRows {

  int[] ids(int row);

  /** Returns the labels of a row; {@link TokenBatch#IGNORE} for tokens that are not trained. */
  int[] labels(int row);

  /** Returns whether rows hold several texts that do not see each other. */
  default boolean segmented() {
    return false;
  }

  /** Returns the segments of a row, from 1; a token sees only its own segment. */
  default int[] segments(int row) {
    int[] segments = new int[length(row)];
    Arrays.fill(segments, 1);
    return segments;
  }

  @Override
  default long targets(int row) {
    return new TokenBatch(new int[][] {{}}, new int[][] {labels(row)}).targets();
  }

  /** Returns all rows in their order. */
  default TokenBatch all(int multipleOf) {
    return batch(IntStream.range(0, size()).toArray(), multipleOf);
  }

  @Override
  default TokenBatch batch(int[] rows, int multipleOf) {
    int[][] ids = Arrays.stream(rows).mapToObj(this::ids).toArray(int[][]::new);
    int[][] labels = Arrays.stream(rows).mapToObj(this::labels).toArray(int[][]::new);
    int @Nullable [][] segments = segmented() ? segments(rows) : null;
    return new TokenBatch(ids, labels, segments, new Collator(multipleOf).width(ids));
  }

  private int[][] segments(int[] rows) {
    return Arrays.stream(rows).mapToObj(this::segments).toArray(int[][]::new);
  }

  /** A row of the file is a row of the batch. */
  record Separate(List<TokenizedRow> rows) implements TokenRows {
    @Override
    public int size() {
      return rows.size();
    }

    @Override
    public int length(int row) {
      return rows instanceof StoredRows stored ? stored.length(row) : rows.get(row).ids().length;
    }

    @Override
    public int[] ids(int row) {
      return rows.get(row).ids();
    }

    @Override
    public int[] labels(int row) {
      return rows.get(row).labels();
    }

    @Override
    public String origin(int row) {
      return "line " + rows.get(row).line();
    }
  }

  /** All tokens end to end, cut every {@code width}; every token trains, the short rest is kept. */
  record EndToEnd(StoredRows texts, int width) implements TokenRows {
    @Override
    public int size() {
      return Math.toIntExact(Math.ceilDiv(texts.tokens(), (long) width));
    }

    @Override
    public int length(int row) {
      return (int) Math.min(width, texts.tokens() - (long) row * width);
    }

    @Override
    public int[] ids(int row) {
      return texts.ids((long) row * width, length(row));
    }

    @Override
    public int[] labels(int row) {
      return ids(row);
    }

    @Override
    public String origin(int row) {
      return "tokens from " + (long) row * width;
    }
  }

  /**
   * Sequences of pieces of rows.
   *
   * @param apart whether a token sees only its own piece, and none predicts the first token of the
   *     next; otherwise a sequence is one text
   */
  record PackedRows(List<TokenizedRow> rows, List<List<Piece>> sequences, boolean apart)
      implements TokenRows {
    /**
     * @param maxLength tokens of a sequence
     */
    public static PackedRows of(List<TokenizedRow> rows, PackingStrategy strategy, int maxLength) {
      int[] lengths = rows.stream().mapToInt(row -> row.ids().length).toArray();
      return new PackedRows(
          rows,
          Packing.sequences(strategy, lengths, maxLength),
          strategy != PackingStrategy.WRAPPED);
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

  /**
   * Packs rows into sequences as TRL's {@code pack_dataset}: in separate blocks of 1000 rows of the
   * file.
   */
  static final class Packing {
    /** Rows of a file that are packed together. */
    public static final int BLOCK = 1000;

    private final int maxLength;

    /** Tokens start..start+length of a row. */
    public record Piece(int row, int start, int length) {}

    private Packing(int maxLength) {
      this.maxLength = maxLength;
    }

    /**
     * @param lengths tokens of each row; rows without tokens are ignored
     * @param maxLength tokens of a sequence
     * @return the pieces of each sequence
     */
    public static List<List<Piece>> sequences(
        PackingStrategy strategy, int[] lengths, int maxLength) {
      Packing packing = new Packing(maxLength);
      List<List<Piece>> sequences = new ArrayList<>();
      for (int from = 0; from < lengths.length; from += BLOCK) {
        int to = Math.min(lengths.length, from + BLOCK);
        sequences.addAll(
            switch (strategy) {
              case BFD -> bestFit(packing.pieces(lengths, from, to, false), maxLength);
              case BFD_SPLIT -> bestFit(packing.pieces(lengths, from, to, true), maxLength);
              case WRAPPED -> packing.wrapped(lengths, from, to);
            });
      }
      return sequences;
    }

    /** Returns rows as pieces that fit; of longer rows the first piece, or all. */
    private List<Piece> pieces(int[] lengths, int from, int to, boolean all) {
      List<Piece> pieces = new ArrayList<>();
      for (int row = from; row < to; row++) {
        for (int start = 0; start < lengths[row] && (all || start == 0); start += maxLength) {
          pieces.add(new Piece(row, start, Math.min(maxLength, lengths[row] - start)));
        }
      }
      return pieces;
    }

    /**
     * Packs the longest pieces first. A piece goes into the sequence with the least sufficient
     * space, of equal ones into the one that reached this space first, else into a new one.
     */
    private static List<List<Piece>> bestFit(List<Piece> pieces, int maxLength) {
      List<List<Piece>> sequences = new ArrayList<>();
      TreeMap<Integer, Deque<List<Piece>>> bySpace = new TreeMap<>();
      List<Piece> longestFirst = new ArrayList<>(pieces);
      longestFirst.sort(Comparator.comparingInt(piece -> -piece.length()));
      for (Piece piece : longestFirst) {
        Map.Entry<Integer, Deque<List<Piece>>> fitting = bySpace.ceilingEntry(piece.length());
        List<Piece> sequence;
        int space = maxLength;
        if (fitting == null) {
          sequence = new ArrayList<>();
          sequences.add(sequence);
        } else {
          space = fitting.getKey();
          sequence = fitting.getValue().remove();
          if (fitting.getValue().isEmpty()) bySpace.remove(space);
        }
        sequence.add(piece);
        bySpace.computeIfAbsent(space - piece.length(), s -> new ArrayDeque<>()).add(sequence);
      }
      return sequences;
    }

    /** Joins all tokens and cuts them every {@code maxLength}; the short rest is kept. */
    private List<List<Piece>> wrapped(int[] lengths, int from, int to) {
      List<List<Piece>> sequences = new ArrayList<>();
      int space = 0;
      for (int row = from; row < to; row++) {
        for (int start = 0; start < lengths[row]; ) {
          if (space == 0) {
            sequences.add(new ArrayList<>());
            space = maxLength;
          }
          Piece piece = new Piece(row, start, Math.min(space, lengths[row] - start));
          sequences.getLast().add(piece);
          space -= piece.length();
          start += piece.length();
        }
      }
      return sequences;
    }
  }

  /**
   * Rows of unequal length as a rectangle, padded on the right.
   *
   * @param multipleOf divisor of the width
   */
  record Collator(int multipleOf) {
    public int width(int[][] rows) {
      int longest = Arrays.stream(rows).mapToInt(row -> row.length).max().orElse(0);
      return Math.ceilDiv(longest, multipleOf) * multipleOf;
    }

    /** Pads all rows to the width with a value. */
    public int[][] padded(int[][] rows, int fill) {
      int width = width(rows);
      int[][] padded = new int[rows.length][];
      for (int r = 0; r < rows.length; r++) {
        padded[r] = Arrays.copyOf(rows[r], width);
        Arrays.fill(padded[r], rows[r].length, width, fill);
      }
      return padded;
    }
  }
}
