package dev.graft.training;

import dev.graft.spec.Hyperparameters.PackingStrategy;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * How rows share sequences, as TRL's {@code pack_dataset}: in blocks of 1000 rows of the file, of
 * which none reaches into another.
 */
final class Packing {
  /** Rows of a file that are packed together. */
  public static final int BLOCK = 1000;

  private final int maxLength;

  /** Tokens start..start+length of a row. */
  public record Piece(int row, int start, int length) {}

  private Packing(int maxLength) {
    this.maxLength = maxLength;
  }

  /**
   * @param lengths tokens of each row; rows without tokens are passed over
   * @param maxLength tokens of a sequence
   * @return the sequences, each as the pieces it is made of
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

  /** Rows as pieces that fit; of a longer row the first, or all. */
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
   * Longest first. A piece goes into the sequence with the least space that suffices, of equal ones
   * into that which came to this space first, else into a new one.
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

  /** All tokens end to end, cut every {@code maxLength}; the short rest stays. */
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
