package dev.graft.inference.child;

import java.util.List;

/** The text of one answer as its tokens come, up to a stop string. */
final class AnswerText {
  private final Detokenizer detokenizer;
  private final StopStrings stops;

  /** Certain text that may be the beginning of a stop string. */
  private String held = "";

  private boolean stopped;

  AnswerText(ChatText text, List<String> stop) {
    detokenizer = new Detokenizer(text);
    stops = new StopStrings(stop);
  }

  /** The text that this token makes part of the answer, perhaps none. */
  String add(int id) {
    return release(detokenizer.add(id), false);
  }

  /** What was held back, when the answer ends by itself. */
  String rest() {
    return stopped ? "" : release(detokenizer.rest(), true);
  }

  /** Whether a stop string was met. */
  boolean stopped() {
    return stopped;
  }

  private String release(String more, boolean all) {
    String open = held + more;
    int cut = stops.cut(open);
    stopped = cut >= 0;
    int end = stopped ? cut : open.length() - (all ? 0 : stops.possible(open));
    held = open.substring(end);
    return open.substring(0, end);
  }
}
