package dev.graft.training;

import dev.graft.spec.TrainingSpec;
import dev.graft.spec.TrainingSpec.Objective;
import dev.graft.text.Example;
import dev.graft.text.RowReader;
import dev.graft.text.RowReader.Problem;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.ObjIntConsumer;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A JSONL file of a request.
 *
 * @param param name of the file in the request, for error messages
 * @param part of its rows; null = all of them
 */
record RowFile(String param, Path path, HeldOut.@Nullable Part part) {
  private static final int SHOWN = 3;

  public RowFile(String param, Path path) {
    this(param, path, null);
  }

  RowFile part(HeldOut.Part some) {
    return new RowFile(param, path, some);
  }

  /** Returns a key that distinguishes these rows from those of other files and other parts. */
  String identity(String sha256) {
    return part == null ? sha256 : "%s %s %s".formatted(sha256, part.split(), part.held());
  }

  /** Returns the SHA-256 of the file. */
  String sha256() {
    try {
      return Digests.of(path);
    } catch (IOException e) {
      throw new UncheckedIOException(param + " cannot be read", e);
    }
  }

  /**
   * @param sink receives each row and the bytes of its line
   * @param rejected returns the problems that the sink found; called after all rows
   * @return SHA-256 of the file
   * @throws BadRun if the file has a problem, with the first few lines
   */
  String read(ObjIntConsumer<Example> sink, Supplier<List<Problem>> rejected) {
    MessageDigest digest = Digests.sha256();
    RowReader.Summary summary;
    try (InputStream in =
        new DigestInputStream(new BufferedInputStream(Files.newInputStream(path)), digest)) {
      HeldOut.Part some = part;
      summary =
          RowReader.readSized(
              in,
              some == null
                  ? sink
                  : (row, bytes) -> {
                    if (some.has(row)) sink.accept(row, bytes);
                  });
      in.transferTo(OutputStream.nullOutputStream());
    } catch (IOException e) {
      throw new UncheckedIOException(param + " cannot be read", e);
    }
    List<Problem> problems = new ArrayList<>(summary.problems());
    problems.addAll(rejected.get());
    requireNone(problems);
    return HexFormat.of().formatHex(digest.digest());
  }

  /**
   * @throws BadRun if there are any, with the first few
   */
  void requireNone(List<Problem> problems) {
    if (problems.isEmpty()) return;
    StringBuilder text = new StringBuilder(param);
    for (Problem problem : problems.subList(0, Math.min(SHOWN, problems.size()))) {
      text.append(problem.line() == 0 ? ": " : ", line " + problem.line() + " ");
      text.append(problem.message());
    }
    if (problems.size() > SHOWN) {
      text.append(" (and ").append(problems.size() - SHOWN).append(" more)");
    }
    throw new BadRun(param, text.toString());
  }

  /**
   * Chooses the rows of a file that are held out: a share of them, by the digest of their prompt
   * and the seed, independent of their order. Rows with the same prompt are on one side, and every
   * class has rows that train.
   */
  static final class HeldOut {
    private final double share;
    private final long seed;

    /** Sorted digests. */
    private final long[] groups;

    private HeldOut(double share, long seed, long[] groups) {
      this.share = share;
      this.seed = seed;
      this.groups = groups;
    }

    /**
     * Reads the file and chooses the rows.
     *
     * @throws BadRun if it has a problem, or all of its rows would be on one side
     */
    private static HeldOut of(RowFile file, TrainingSpec spec, RunControl control) {
      double share = spec.training().evaluation().heldOut();
      long seed = spec.seed();
      boolean classes = spec.objective() == Objective.CLASSIFICATION;
      PromptDigests digests = new PromptDigests(seed, classes, control);
      file.read((row, bytes) -> digests.add(row), List::of);
      long[] held = chosen(digests.sorted(), share, digests.training());
      if (held.length == 0) {
        throw new BadRun(
            "adapter.training.held_out",
            "no row of %s can be held out because nearly all have the same prompt; use validation_file"
                .formatted(file.param()));
      }
      return new HeldOut(share, seed, held);
    }

    boolean has(Example row) {
      return Arrays.binarySearch(groups, PromptDigests.of(row, seed)) >= 0;
    }

    /**
     * Returns the groups of rows with the smallest digests that fit into the share; the smallest
     * group if none does.
     */
    private static long[] chosen(long[] rows, double share, Set<Long> training) {
      long wanted = Math.max(1, Math.round(share * rows.length));
      List<Long> held = new ArrayList<>();
      int smallest = rows.length;
      long ofSmallest = 0;
      for (int from = 0, to; from < rows.length; from = to) {
        to = from + 1;
        while (to < rows.length && rows[to] == rows[from]) to++;
        if (training.contains(rows[from])) continue;
        if (to - from < smallest) {
          smallest = to - from;
          ofSmallest = rows[from];
        }
        if (to - from > wanted) continue;
        held.add(rows[from]);
        wanted -= to - from;
      }
      if (held.isEmpty() && smallest < rows.length) held.add(ofSmallest);
      return held.stream().mapToLong(Long::longValue).toArray();
    }

    /** Returns a part of the cache key of its rows. */
    @Override
    public String toString() {
      return "held out: %s, seed %d".formatted(share, seed);
    }

    /**
     * One of the two parts of a file.
     *
     * @param held whether it has the rows that are held out, or the others
     */
    record Part(HeldOut split, boolean held) {
      boolean has(Example row) {
        return split.has(row) == held;
      }
    }

    /** The training and validation parts of a file. */
    record Parts(RowFile training, @Nullable RowFile validation) {
      /**
       * @throws BadRun as reading the file does, or if all of its rows would be on one side
       */
      static Parts of(RowFile file, TrainingSpec spec, RunControl control) {
        if (spec.training().evaluation().heldOut() == 0) return new Parts(file, null);
        HeldOut split = HeldOut.of(file, spec, control);
        return new Parts(file.part(new Part(split, false)), file.part(new Part(split, true)));
      }
    }
  }

  /** Digests of the prompts of a file, 8 bytes per row. */
  static final class PromptDigests {
    private static final Pattern SPACE = Pattern.compile("\\s+");

    private final long seed;
    private final boolean classes;
    private final RunControl control;
    private long[] digests = new long[1024];
    private int size;

    /** The rows of each class that train in any case. */
    private final Map<String, Long> training = new HashMap<>();

    PromptDigests(long seed, boolean classes, RunControl control) {
      this.seed = seed;
      this.classes = classes;
      this.control = control;
    }

    void add(Example row) {
      control.pollRepeatable();
      if (size == digests.length) digests = Arrays.copyOf(digests, size * 2);
      long digest = of(row, seed);
      digests[size++] = digest;
      if (classes && row instanceof Example.Labelled labelled) {
        labelled.label().words().forEach(word -> training.merge(word, digest, Math::max));
      }
    }

    /** Returns one digest per row, sorted. */
    long[] sorted() {
      long[] sorted = Arrays.copyOf(digests, size);
      Arrays.sort(sorted);
      return sorted;
    }

    /** Returns the digests that must not be held out, so that every class has rows that train. */
    Set<Long> training() {
      return Set.copyOf(training.values());
    }

    /** Returns the digest of a row's prompt, ignoring white space. */
    static long of(Example row, long seed) {
      String asked = SPACE.matcher(asked(row)).replaceAll(" ").strip();
      byte[] bytes = (seed + "\n" + asked).getBytes(StandardCharsets.UTF_8);
      return ByteBuffer.wrap(Digests.sha256().digest(bytes)).getLong();
    }

    /** Returns everything before the last answer, or the whole row if it has none. */
    private static String asked(Example row) {
      return switch (row) {
        case Example.Chat chat -> {
          Example.ChatPromptCompletion pair = chat.lastAnswer();
          yield pair == null || pair.prompt().isEmpty() ? text(chat.messages()) : asked(pair);
        }
        case Example.ChatPromptCompletion pair ->
            text(pair.prompt().isEmpty() ? pair.completion() : pair.prompt());
        case Example.PromptCompletion pair ->
            pair.prompt().isBlank() ? pair.completion() : pair.prompt();
        case Example.Text text -> text.text();
        case Example.Labelled labelled -> labelled.text();
        case Example.PreferencePair pair -> asked(pair.chosen());
      };
    }

    private static String text(List<Map<String, Object>> turns) {
      return turns.stream()
          .map(turn -> turn.get("role") + ": " + turn.get("content"))
          .collect(Collectors.joining("\n"));
    }
  }
}
