package dev.graft.inference.child;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The text of one answer as its tokens come, up to a stop string, and the scores of its tokens. */
final class AnswerText {
  private final Detokenizer detokenizer;
  private final StopStrings stops;

  /** Certain text that may be the beginning of a stop string. */
  private String held = "";

  /** Length of the text before {@link #held}. */
  private int given;

  /** Scores whose tokens' text is not given out yet. */
  private final Deque<Waiting> waiting = new ArrayDeque<>();

  private boolean stopped;

  private record Waiting(int start, TokenScore score) {}

  /**
   * Text that is part of the answer, perhaps none, and the scores of the tokens that begin in it.
   */
  record Said(String text, List<TokenScore> scores) {
    boolean isNothing() {
      return text.isEmpty() && scores.isEmpty();
    }

    Said and(Said next) {
      List<TokenScore> both = new ArrayList<>(scores);
      both.addAll(next.scores);
      return new Said(text + next.text, both);
    }
  }

  AnswerText(ChatText text, List<String> stop) {
    detokenizer = new Detokenizer(text);
    stops = new StopStrings(stop);
  }

  /** What this token makes part of the answer. */
  Said add(int id, @Nullable TokenScore score) {
    if (score != null) waiting.add(new Waiting(given + held.length(), score));
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
    int cut = stops.cut(open);
    stopped = cut >= 0;
    int end = stopped ? cut : open.length() - (all ? 0 : stops.possible(open));
    held = open.substring(end);
    given += end;
    List<TokenScore> scores = new ArrayList<>();
    while (!waiting.isEmpty() && (waiting.element().start() < given || (all && !stopped))) {
      scores.add(waiting.remove().score());
    }
    return new Said(open.substring(0, end), scores);
  }
}
