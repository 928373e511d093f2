package dev.graft.datasets;

import dev.graft.datasets.Inspection.Lines;
import dev.graft.datasets.QualityFinding.Defect;
import dev.graft.text.Example;
import dev.graft.text.RowReader;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.core.io.InputStreamSource;

/** Rows that others are compared with, a limited number. */
final class LikeRows {
  /** Beyond it rows are no longer remembered: some 20 MB. */
  static final int MOST = 10_000;

  private static final double LIKE = 0.8;

  private static final int MOST_IN_BUCKET = 16;

  private final Sketches sketches;
  private final Map<Long, List<MinHash>> buckets = new HashMap<>();
  private int size;

  public LikeRows(Sketches sketches) {
    this.sketches = sketches;
  }

  /** Whether it is like one that was added. */
  public boolean hasLike(InspectedRow row) {
    MinHash sketch = sketches.of(row);
    return sketch != null && hasLike(sketch);
  }

  /** Whether it is like one that was added before; if it is not, it is added. */
  public boolean hasLikeOrAdd(InspectedRow row) {
    MinHash sketch = sketches.of(row);
    if (sketch == null) return false;
    if (hasLike(sketch)) return true;
    if (size < MOST) add(sketch);
    return false;
  }

  private void add(MinHash sketch) {
    size++;
    for (int band = 0; band < MinHash.BANDS; band++) {
      List<MinHash> bucket = buckets.computeIfAbsent(sketch.band(band), key -> new ArrayList<>(1));
      if (bucket.size() < MOST_IN_BUCKET) bucket.add(sketch);
    }
  }

  private boolean hasLike(MinHash sketch) {
    for (int band = 0; band < MinHash.BANDS; band++) {
      for (MinHash other : buckets.getOrDefault(sketch.band(band), List.of())) {
        if (sketch.likeness(other) >= LIKE) return true;
      }
    }
    return false;
  }

  /** Sketches of rows; several inspections ask for that of the same row, one after the other. */
  static final class Sketches {
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
      try (QualityReport.FirstRows in =
          new QualityReport.FirstRows(
              new BufferedInputStream(rows.getInputStream()), SAMPLE_BYTES)) {
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
      return row.conversation() + "\n" + row.answer();
    }
  }

  /**
   * A sketch of a set that preserves similarity: the share of equal numbers in two sketches
   * estimates the sets' Jaccard index (Broder 1997), here with a standard deviation of 0.04 at 0.8.
   */
  record MinHash(int[] numbers) {
    static final int BANDS = 16;
    private static final int ROWS = 6;
    private static final int SIZE = BANDS * ROWS;
    private static final long GOLDEN = 0x9e3779b97f4a7c15L;

    /** A random function of an integer each, the same in every run. */
    private static final long[] FACTORS =
        new SplittableRandom(1997).longs(SIZE).map(factor -> factor | 1).toArray();

    static MinHash of(int[] set) {
      int[] least = new int[SIZE];
      Arrays.fill(least, Integer.MAX_VALUE);
      for (int element : set) {
        long spread = mixed(element + GOLDEN);
        for (int i = 0; i < SIZE; i++) {
          least[i] = Math.min(least[i], (int) (spread * FACTORS[i] >>> 33));
        }
      }
      return new MinHash(least);
    }

    /** Sets of a Jaccard index of 0.8 have some band in common in 99 of 100 cases. */
    long band(int band) {
      long hash = band;
      for (int i = band * ROWS; i < (band + 1) * ROWS; i++)
        hash = mixed(hash * 31 + numbers[i] + GOLDEN);
      return hash;
    }

    double likeness(MinHash other) {
      int equal = 0;
      for (int i = 0; i < SIZE; i++) if (numbers[i] == other.numbers[i]) equal++;
      return (double) equal / SIZE;
    }

    /** The finaliser of SplitMix64. */
    private static long mixed(long value) {
      long z = (value ^ value >>> 30) * 0xbf58476d1ce4e5b9L;
      z = (z ^ z >>> 27) * 0x94d049bb133111ebL;
      return z ^ z >>> 31;
    }
  }

  /**
   * Cuts texts into overlapping pieces of five characters, without regard to case and white space.
   * Pieces that most rows have, such as the words of a common instruction, are left out: they would
   * make all rows similar.
   */
  static final class Shingles {
    /** Rows that are looked at to know what most rows have. */
    public static final int SAMPLE = 128;

    private static final int LENGTH = 5;
    private static final int LONGEST = 4096;
    private static final int LONGEST_OF_SAMPLE = 1024;
    private static final int FEWEST_ROWS = 8;
    private static final Pattern SPACE = Pattern.compile("\\s+");

    private final Set<Integer> common;

    private Shingles(Set<Integer> common) {
      this.common = common;
    }

    /**
     * @param sample texts of the first rows
     */
    public static Shingles knowing(List<String> sample) {
      if (sample.size() < FEWEST_ROWS) return new Shingles(Set.of());
      Map<Integer, Integer> rowsWith = new HashMap<>();
      for (String text : sample)
        pieces(text, LONGEST_OF_SAMPLE).forEach(piece -> rowsWith.merge(piece, 1, Integer::sum));
      Set<Integer> common = new HashSet<>();
      rowsWith.forEach(
          (piece, rows) -> {
            if (rows * 2 > sample.size()) common.add(piece);
          });
      return new Shingles(common);
    }

    /** Hashes of the pieces, each once. */
    int[] of(String text) {
      return pieces(text, LONGEST).stream()
          .filter(piece -> !common.contains(piece))
          .mapToInt(Integer::intValue)
          .toArray();
    }

    /** Of a long text its beginning and its end, where the answer is. */
    private static Set<Integer> pieces(String text, int most) {
      Set<Integer> pieces = new HashSet<>();
      if (text.length() <= 2 * most) {
        addPieces(text, pieces);
      } else {
        addPieces(text.substring(0, most), pieces);
        addPieces(text.substring(text.length() - most), pieces);
      }
      return pieces;
    }

    private static void addPieces(String text, Set<Integer> pieces) {
      String plain = SPACE.matcher(text.toLowerCase(Locale.ROOT)).replaceAll(" ").strip();
      for (int i = 0; i + LENGTH <= plain.length(); i++) {
        pieces.add(plain.substring(i, i + LENGTH).hashCode());
      }
    }
  }

  /** Rows that are trained on and measured with. */
  static final class Leakage implements Inspection {
    private final LongSet rows = new LongSet();
    private final LongSet prompts = new LongSet();
    private final LikeRows like;
    private final Lines same = new Lines();
    private final Lines nearly = new Lines();
    private final Lines asked = new Lines();

    public Leakage(Sketches sketches) {
      like = new LikeRows(sketches);
    }

    /** A row to measure with; all of them come first. */
    public void held(InspectedRow row) {
      rows.add(row.rowDigest());
      if (asks(row)) prompts.add(row.promptDigest());
      like.hasLikeOrAdd(row);
    }

    @Override
    public void see(InspectedRow row) {
      switch (defect(row)) {
        case ROW_IN_VALIDATION -> same.add(row);
        case PROMPT_IN_VALIDATION -> asked.add(row);
        case ROW_NEARLY_IN_VALIDATION -> nearly.add(row);
        case null, default -> {}
      }
    }

    /** What of these it is a case of; null = none. */
    public @Nullable Defect defect(InspectedRow row) {
      if (rows.contains(row.rowDigest())) return Defect.ROW_IN_VALIDATION;
      if (asks(row) && prompts.contains(row.promptDigest())) return Defect.PROMPT_IN_VALIDATION;
      return like.hasLike(row) ? Defect.ROW_NEARLY_IN_VALIDATION : null;
    }

    /** A text has no prompt. */
    private static boolean asks(InspectedRow row) {
      return !(row.example() instanceof Example.Text) && !row.conversation().isBlank();
    }

    @Override
    public Stream<QualityFinding> findings() {
      return Stream.of(
              same.finding(Defect.ROW_IN_VALIDATION, QualityFinding.Severity.ERROR),
              asked.finding(Defect.PROMPT_IN_VALIDATION, QualityFinding.Severity.WARNING),
              nearly.finding(Defect.ROW_NEARLY_IN_VALIDATION, QualityFinding.Severity.WARNING))
          .flatMap(found -> found);
    }
  }

  /** Rows that say again what an earlier one says. */
  static final class Repetitions implements Inspection {
    private final LongSet seen = new LongSet();
    private final LikeRows like;
    private final Lines same = new Lines();
    private final Lines nearly = new Lines();
    private long rows;

    public Repetitions(Sketches sketches) {
      like = new LikeRows(sketches);
    }

    @Override
    public void see(InspectedRow row) {
      rows++;
      Defect defect = defect(row);
      if (defect == Defect.DUPLICATE_ROWS) same.add(row);
      if (defect == Defect.NEAR_DUPLICATE_ROWS) nearly.add(row);
    }

    /** What of these it is a case of, among those that were asked about; null = none. */
    public @Nullable Defect defect(InspectedRow row) {
      if (!seen.add(row.rowDigest())) return Defect.DUPLICATE_ROWS;
      return like.hasLikeOrAdd(row) ? Defect.NEAR_DUPLICATE_ROWS : null;
    }

    @Override
    public Stream<QualityFinding> findings() {
      return Stream.concat(
          same.finding(Defect.DUPLICATE_ROWS, QualityFinding.Severity.byShare(same.count(), rows)),
          nearly.finding(
              Defect.NEAR_DUPLICATE_ROWS,
              nearly.count() * 5 > rows
                  ? QualityFinding.Severity.WARNING
                  : QualityFinding.Severity.ADVICE));
    }
  }

  /** Numbers, 16 bytes each at most; open addressing, since they are digests and spread already. */
  static final class LongSet {
    private static final int SMALLEST = 1 << 10;

    /** 0 = free. */
    private long[] slots = new long[SMALLEST];

    private int size;
    private boolean hasZero;

    /** Whether it was not there. */
    public boolean add(long value) {
      if (value == 0) {
        boolean added = !hasZero;
        hasZero = true;
        return added;
      }
      int slot = slot(slots, value);
      if (slots[slot] == value) return false;
      slots[slot] = value;
      if (++size * 2 > slots.length) grow();
      return true;
    }

    public boolean contains(long value) {
      return value == 0 ? hasZero : slots[slot(slots, value)] == value;
    }

    /** Where it is, or would be. */
    private static int slot(long[] slots, long value) {
      int slot = (int) value & slots.length - 1;
      while (slots[slot] != 0 && slots[slot] != value) slot = slot + 1 & slots.length - 1;
      return slot;
    }

    private void grow() {
      long[] larger = new long[slots.length * 2];
      for (long value : slots) if (value != 0) larger[slot(larger, value)] = value;
      slots = larger;
    }
  }
}
