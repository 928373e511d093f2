package dev.graft.inference;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The text of one answer as its tokens come, up to a stop string, and the scores of its tokens. */
final class GeneratedText {
  private final Detokenizer detokenizer;
  private final List<String> stops;

  /** Certain text that may be the beginning of a stop string. */
  private String held = "";

  /** Code points of the choice before {@link #held}. */
  private int given;

  /** Scores whose tokens' text is not given out yet. */
  private final Deque<TokenScore> waiting = new ArrayDeque<>();

  private boolean stopped;

  /**
   * Text that is part of the answer, perhaps none, and the scores of the tokens that begin in it.
   */
  record Said(String text, List<TokenScore> scores) {
    int points() {
      return GeneratedText.points(text);
    }

    boolean isNothing() {
      return text.isEmpty() && scores.isEmpty();
    }
  }

  /**
   * @param before code points of the choice in front of the answer
   */
  GeneratedText(ChatText text, List<String> stop, int before) {
    given = before;
    detokenizer = new Detokenizer(text);
    stops = stop;
  }

  /** Code points in front of the next token. */
  int length() {
    return given + points(held);
  }

  /** What this token makes part of the answer. */
  Said add(int id, @Nullable TokenScore score) {
    if (score != null) waiting.add(score);
    return release(detokenizer.add(id), false);
  }

  /** What was held back, when the answer ends by itself. */
  Said rest() {
    return stopped ? new Said("", List.of()) : release(detokenizer.rest(), true);
  }

  /** Whether a stop string was met. */
  boolean stopped() {
    return stopped;
  }

  private Said release(String more, boolean all) {
    String open = held + more;
    int cut = cut(open);
    stopped = cut >= 0;
    int end = stopped ? cut : open.length() - (all ? 0 : possible(open));
    held = open.substring(end);
    given += points(open.substring(0, end));
    List<TokenScore> scores = new ArrayList<>();
    while (!waiting.isEmpty() && (waiting.element().offset() < given || (all && !stopped))) {
      scores.add(waiting.remove());
    }
    return new Said(open.substring(0, end), scores);
  }

  /** Position of the earliest stop string in the text, or -1. */
  private int cut(String text) {
    return stops.stream().mapToInt(text::indexOf).filter(at -> at >= 0).min().orElse(-1);
  }

  /** Length of the longest end of the text that may become a stop string. */
  private int possible(String text) {
    int longest = 0;
    for (String stop : stops) {
      int length = Math.min(stop.length() - 1, text.length());
      while (length > longest && !stop.startsWith(text.substring(text.length() - length))) length--;
      longest = Math.max(longest, length);
    }
    return longest;
  }

  private static int points(String text) {
    return text.codePointCount(0, text.length());
  }
}
