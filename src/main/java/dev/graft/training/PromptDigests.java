package dev.graft.training;

import dev.graft.text.Example;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** What the rows of a file ask, 8 bytes a row. */
final class PromptDigests {
  private static final Pattern SPACE = Pattern.compile("\\s+");

  private final long seed;
  private final boolean classes;
  private final RunControl control;
  private long[] digests = new long[1024];
  private int size;

  /** Of each class, the rows that train in any case. */
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

  /** One a row. */
  long[] sorted() {
    long[] sorted = Arrays.copyOf(digests, size);
    Arrays.sort(sorted);
    return sorted;
  }

  /** Those that must not be held out, so that of every class some rows train. */
  Set<Long> training() {
    return Set.copyOf(training.values());
  }

  /** Of what a row asks, white space aside. */
  static long of(Example row, long seed) {
    String asked = SPACE.matcher(asked(row)).replaceAll(" ").strip();
    byte[] bytes = (seed + "\n" + asked).getBytes(StandardCharsets.UTF_8);
    return ByteBuffer.wrap(Digests.sha256().digest(bytes)).getLong();
  }

  /** All before the last answer; of a row without that, all of it. */
  private static String asked(Example row) {
    return switch (row) {
      case Example.Chat chat -> {
        Example.ChatPromptCompletion pair = chat.lastAnswer();
        yield pair == null || pair.prompt().isEmpty() ? said(chat.messages()) : asked(pair);
      }
      case Example.ChatPromptCompletion pair ->
          said(pair.prompt().isEmpty() ? pair.completion() : pair.prompt());
      case Example.PromptCompletion pair ->
          pair.prompt().isBlank() ? pair.completion() : pair.prompt();
      case Example.Text text -> text.text();
      case Example.Labelled labelled -> labelled.text();
      case Example.PreferencePair pair -> asked(pair.chosen());
    };
  }

  private static String said(List<Map<String, Object>> turns) {
    return turns.stream()
        .map(turn -> turn.get("role") + ": " + turn.get("content"))
        .collect(Collectors.joining("\n"));
  }
}
