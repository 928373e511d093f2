package dev.graft.model;

import dev.graft.model.MicroBatch.TokenBatch;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The tokens of a micro-batch as a model computes them, and their targets: one row after the other
 * without padding, with common prefixes of rows once (see {@link PrefixTree}).
 *
 * @param virtual tokens in front of every row
 * @param longest tokens of the longest text, or the width of a rectangle, virtual ones included
 * @param tokens ids; those of virtual tokens are -1 - place
 * @param positions of each token in its text
 * @param from first token that sees this one
 * @param until the token after the last that may see it
 * @param places (rows)(tokens) of the rows' own tokens
 * @param predicting tokens that predict a target: those of a common prefix once for each row that
 *     trains them
 * @param targets of these tokens
 * @param cut the stretch of a micro-batch that the tokens are; null = the whole
 */
public record TokenLayout(
    int virtual,
    int longest,
    int[] tokens,
    int[] positions,
    int[] from,
    int[] until,
    int[][] places,
    long[] predicting,
    Target[] targets,
    @Nullable Cut cut) {
  /**
   * A token that is to be predicted.
   *
   * @param row it is from
   * @param place in the row
   */
  public record Target(int row, int place, int token) {}

  /**
   * @param whole of the micro-batch
   * @param first token of the stretch
   */
  public record Cut(TokenLayout whole, int first) {}

  /**
   * @param shared minimum tokens of a common prefix that is computed once; 0 = never
   * @param bidirectional whether a token also sees later ones
   * @throws IllegalArgumentException if rows are empty or differ from their labels, or an id is not
   *     in the vocabulary
   */
  static TokenLayout of(
      TokenBatch batch, int vocabulary, int virtual, int shared, boolean bidirectional) {
    requireFitting(batch, vocabulary);
    int[][] segments = batch.segments();
    int[][] texts = texts(batch.inputIds(), segments, virtual);
    if (texts.length == 0) throw new IllegalArgumentException("a micro-batch has no tokens");
    PrefixTree tree = PrefixTree.of(texts, bidirectional ? 0 : shared);
    int[][] places = places(batch.inputIds(), tree.places, virtual);
    Target[] targets = targets(batch.labels());
    return new TokenLayout(
        virtual,
        segments == null
            ? virtual + batch.width()
            : Arrays.stream(texts).mapToInt(each -> each.length).max().orElse(0),
        tree.tokens,
        tree.positions,
        bidirectional ? begins(tree) : IntStream.range(0, tree.tokens.length).toArray(),
        tree.until,
        places,
        Arrays.stream(targets).mapToLong(each -> places[each.row()][each.place() - 1]).toArray(),
        targets,
        null);
  }

  /** Returns the tokens from one place to another, which also see the earlier ones. */
  public TokenLayout stretch(int first, int end) {
    int[] inside =
        IntStream.range(0, predicting.length)
            .filter(i -> predicting[i] >= first && predicting[i] < end)
            .toArray();
    return new TokenLayout(
        virtual,
        longest,
        Arrays.copyOfRange(tokens, first, end),
        Arrays.copyOfRange(positions, first, end),
        Arrays.stream(from, first, end).map(each -> each - first).toArray(),
        Arrays.stream(until, first, end).map(each -> each - first).toArray(),
        new int[0][],
        Arrays.stream(inside).mapToLong(i -> predicting[i] - first).toArray(),
        Arrays.stream(inside).mapToObj(i -> targets[i]).toArray(Target[]::new),
        new Cut(this, first));
  }

  /** Returns the rows, or their segments, after virtual tokens. */
  private static int[][] texts(int[][] rows, int @Nullable [][] segments, int virtual) {
    List<int[]> texts = new ArrayList<>();
    for (int r = 0; r < rows.length; r++) {
      int begin = 0;
      for (int t = 1; t <= rows[r].length; t++) {
        boolean ends = t == rows[r].length;
        if (!ends && (segments == null || segments[r][t] == segments[r][t - 1])) continue;
        texts.add(behindVirtual(rows[r], begin, t, virtual));
        begin = t;
      }
    }
    return texts.toArray(int[][]::new);
  }

  /** Returns the places of the tokens of rows, which are one or several texts each. */
  private static int[][] places(int[][] rows, int[][] ofTexts, int virtual) {
    int[][] places = new int[rows.length][];
    int text = 0;
    for (int r = 0; r < rows.length; r++) {
      places[r] = new int[rows[r].length];
      for (int t = 0; t < rows[r].length; text++) {
        int length = ofTexts[text].length - virtual;
        System.arraycopy(ofTexts[text], virtual, places[r], t, length);
        t += length;
      }
    }
    return places;
  }

  private static Target[] targets(int[][] labels) {
    List<Target> targets = new ArrayList<>();
    for (int r = 0; r < labels.length; r++) {
      for (int t = 1; t < labels[r].length; t++) {
        if (labels[r][t] != TokenBatch.IGNORE) targets.add(new Target(r, t, labels[r][t]));
      }
    }
    return targets.toArray(Target[]::new);
  }

  /** Lays rows without targets out, without shared prefixes. */
  public static TokenLayout of(
      int[][] inputIds, int vocabulary, int virtual, boolean bidirectional) {
    int[][] labels = new int[inputIds.length][];
    for (int r = 0; r < labels.length; r++) {
      labels[r] = new int[inputIds[r].length];
      Arrays.fill(labels[r], TokenBatch.IGNORE);
    }
    return of(new TokenBatch(inputIds, labels), vocabulary, virtual, 0, bidirectional);
  }

  private static int[] behindVirtual(int[] row, int begin, int end, int virtual) {
    int[] text = new int[virtual + end - begin];
    for (int i = 0; i < virtual; i++) text[i] = -1 - i;
    System.arraycopy(row, begin, text, virtual, end - begin);
    return text;
  }

  /** Returns the first token of each token's text, where texts share nothing. */
  private static int[] begins(PrefixTree tree) {
    int[] begins = new int[tree.tokens.length];
    for (int i = 0; i < begins.length; i++) begins[i] = i - tree.positions[i];
    return begins;
  }

  /** Returns the number of tokens that are computed. */
  public int size() {
    return tokens.length;
  }

  public int rows() {
    return places.length;
  }

  /**
   * Returns the number of pairs of a query and a key that it sees.
   *
   * @param past keys in front, which all tokens see within the window
   * @param window a token sees itself and {@code window - 1} before it; 0 = all
   */
  public long pairs(int past, int window) {
    long pairs = 0;
    for (int i = 0; i < size(); i++) {
      int seen = window > 0 ? Math.min(window, past + positions[i] + 1) : past + until[i] - from[i];
      pairs += seen;
    }
    return pairs;
  }

  /** Returns the ids without virtual tokens. */
  long[] ids() {
    return Arrays.stream(tokens).filter(each -> each >= 0).asLongStream().toArray();
  }

  /**
   * Returns the place of each token among the virtual ones, or after them its place among {@link
   * #ids}.
   */
  long[] joined() {
    long[] joined = new long[size()];
    int real = virtual;
    for (int i = 0; i < joined.length; i++) joined[i] = tokens[i] < 0 ? -1 - tokens[i] : real++;
    return joined;
  }

  /** Returns the places of all tokens of the rows, one row after the other. */
  public long[] everyPlace() {
    return Arrays.stream(places).flatMapToInt(Arrays::stream).asLongStream().toArray();
  }

  /** Returns the first token of a row, a virtual one if there are any. */
  public int begin(int row) {
    return places[row][0] - virtual;
  }

  /** Returns the target ids in the order of {@link #predicting}. */
  public long[] targetIds() {
    return Arrays.stream(targets).mapToLong(Target::token).toArray();
  }

  /** Returns the next token that does not directly continue this one. */
  int nextBegin(int token) {
    int next = token + 1;
    while (next < size()
        && positions[next] == positions[next - 1] + 1
        && until[next] == until[next - 1]) next++;
    return next;
  }

  private static void requireFitting(TokenBatch batch, int vocabulary) {
    requireSameLengths(batch.inputIds(), batch.labels(), "labels");
    if (batch.segments() != null) {
      requireSameLengths(batch.inputIds(), batch.segments(), "segments");
    }
    for (int[] row : batch.inputIds()) for (int id : row) requireKnown(id, vocabulary);
    for (int[] row : batch.labels()) {
      for (int id : row) if (id != TokenBatch.IGNORE) requireKnown(id, vocabulary);
    }
  }

  private static void requireSameLengths(int[][] rows, int[][] others, String what) {
    if (rows.length != others.length) {
      throw new IllegalArgumentException("a micro-batch needs " + what + " for each row");
    }
    for (int r = 0; r < rows.length; r++) {
      if (rows[r].length != others[r].length) {
        throw new IllegalArgumentException(
            "row %d has a different number of %s than tokens".formatted(r, what));
      }
    }
  }

  private static void requireKnown(int id, int vocabulary) {
    if (id < 0 || id >= vocabulary) {
      throw new IllegalArgumentException(
          "token id %d is not in the model's vocabulary of %d".formatted(id, vocabulary));
    }
  }

  /**
   * Texts laid out one after the other, with common prefixes once, before the rests. All
   * continuations of a token follow it: the texts through token k lie between it and {@link
   * #until}.
   *
   * <p>A common prefix of fewer than {@code shared} tokens stays in each text.
   */
  static final class PrefixTree {
    private final int[][] texts;
    private final int shared;

    /** The places (texts)(tokens) of the tokens of the texts. */
    final int[][] places;

    /** Tokens of the texts, those of common prefixes once. */
    int[] tokens;

    /** Position of each token in its text. */
    int[] positions;

    /** End of the texts through each token. */
    int[] until;

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
     * @param shared minimum tokens of a prefix that is laid out once; 0 = never
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

    /** Lays out what follows equal prefixes of that many tokens. */
    private void lay(Collection<Integer> rows, int depth) {
      Map<Integer, List<Integer>> next = new LinkedHashMap<>();
      for (int row : rows) {
        if (texts[row].length == depth) continue;
        if (shared == 0) leaf(row, depth);
        else next.computeIfAbsent(texts[row][depth], token -> new ArrayList<>()).add(row);
      }
      for (List<Integer> group : next.values()) branch(group, depth);
    }

    /** Lays out rows whose next token is equal. */
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
  }
}
