package dev.graft.inference;

import java.util.Arrays;

/**
 * The text of an answer as its tokens come. A token's text depends on the tokens before it, and a
 * character may be spread over several, so a window of tokens is decoded and only what later tokens
 * cannot change is given out.
 */
final class Detokenizer {
  /** Tokens that are decoded again as the context of the next ones. */
  private static final int CONTEXT = 4;

  private static final int LONGEST = 64;
  private static final char UNFINISHED = '\uFFFD';

  /** An unfinished character decodes to at most as many. */
  private static final int UNFINISHED_BYTES = 3;

  private final ChatText text;
  private int[] window = new int[0];
  private int given;

  Detokenizer(ChatText text) {
    this.text = text;
  }

  /** Text that has become certain, perhaps none. */
  String add(int id) {
    window = Arrays.copyOf(window, window.length + 1);
    window[window.length - 1] = id;
    String all = text.decode(window);
    int unfinished = unfinished(all);
    int certain = Math.max(all.length() - unfinished, given);
    String next = all.substring(Math.min(given, all.length()), Math.min(certain, all.length()));
    given = certain;
    if (window.length > (unfinished == 0 ? 2 * CONTEXT : LONGEST)) slide(unfinished);
    return next;
  }

  /** What was held back, when no token follows. */
  String rest() {
    String all = text.decode(window);
    return all.substring(Math.min(given, all.length()));
  }

  private void slide(int unfinished) {
    window = Arrays.copyOfRange(window, window.length - CONTEXT, window.length);
    given = Math.max(0, text.decode(window).length() - unfinished);
  }

  private static int unfinished(String all) {
    int count = 0;
    while (count < Math.min(UNFINISHED_BYTES, all.length())
        && all.charAt(all.length() - 1 - count) == UNFINISHED) count++;
    return count;
  }
}
