package dev.graft.model;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Texts laid out one after the other, with what several of them begin with once, before the rests.
 * A token is followed by all that continues it: the texts that go through token k lie between it
 * and {@link #until}.
 *
 * <p>What is common to fewer tokens than {@code shared} stays in each text.
 */
final class PrefixTree {
  private final int[][] texts;
  private final int shared;
  private final int[][] places;
  private int[] tokens;
  private int[] positions;
  private int[] until;
  private int size;

  private PrefixTree(int[][] texts, int shared) {
    this.texts = texts;
    this.shared = shared;
    int all = 0;
    for (int[] text : texts) all = Math.addExact(all, text.length);
    places = new int[texts.length][];
    for (int i = 0; i < texts.length; i++) places[i] = new int[texts[i].length];
    tokens = new int[all];
    positions = new int[all];
    until = new int[all];
  }

  /**
   * @param shared least tokens of a beginning that is laid out once; 0 = never
   */
  static PrefixTree of(int[][] texts, int shared) {
    PrefixTree tree = new PrefixTree(texts, shared);
    List<Integer> all = new ArrayList<>();
    for (int i = 0; i < texts.length; i++) all.add(i);
    tree.lay(all, 0);
    tree.tokens = Arrays.copyOf(tree.tokens, tree.size);
    tree.positions = Arrays.copyOf(tree.positions, tree.size);
    tree.until = Arrays.copyOf(tree.until, tree.size);
    return tree;
  }

  /** What follows beginnings of that many tokens, which are alike and have their places. */
  private void lay(Collection<Integer> rows, int depth) {
    Map<Integer, List<Integer>> next = new LinkedHashMap<>();
    for (int row : rows) {
      if (texts[row].length == depth) continue;
      if (shared == 0) leaf(row, depth);
      else next.computeIfAbsent(texts[row][depth], token -> new ArrayList<>()).add(row);
    }
    for (List<Integer> group : next.values()) branch(group, depth);
  }

  /** Rows that go on alike, for one token at least. */
  private void branch(List<Integer> rows, int depth) {
    if (rows.size() == 1) {
      leaf(rows.getFirst(), depth);
      return;
    }
    int end = common(rows);
    if (end - depth >= shared) {
      int start = size;
      place(rows, depth, end);
      lay(rows, end);
      Arrays.fill(until, start, start + end - depth, size);
      return;
    }
    Map<Integer, List<Integer>> next = new LinkedHashMap<>();
    for (int row : rows) {
      if (texts[row].length == end) leaf(row, depth);
      else next.computeIfAbsent(texts[row][end], token -> new ArrayList<>()).add(row);
    }
    for (List<Integer> group : next.values()) branch(group, depth);
  }

  private int common(List<Integer> rows) {
    int[] first = texts[rows.getFirst()];
    int end = first.length;
    for (int row : rows) {
      int mismatch = Arrays.mismatch(first, texts[row]);
      if (mismatch >= 0) end = Math.min(end, mismatch);
    }
    return end;
  }

  private void leaf(int row, int depth) {
    int start = size;
    place(List.of(row), depth, texts[row].length);
    Arrays.fill(until, start, size, size);
  }

  private void place(List<Integer> rows, int from, int to) {
    for (int t = from; t < to; t++) {
      tokens[size] = texts[rows.getFirst()][t];
      positions[size] = t;
      for (int row : rows) places[row][t] = size;
      size++;
    }
  }

  /** Tokens of the texts, those of common beginnings once. */
  int[] tokens() {
    return tokens;
  }

  /** The place of each of them in its text. */
  int[] positions() {
    return positions;
  }

  /** Of each of them where the texts end that go through it. */
  int[] until() {
    return until;
  }

  /** (texts)(tokens) where the tokens of the texts lie. */
  int[][] places() {
    return places;
  }
}
