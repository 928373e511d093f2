package dev.graft.datasets;

import dev.graft.platform.Finding;

/**
 * What is wrong with one line of a file; the message holds none of its content.
 *
 * @param line counted from 1; 0 where it is the file as a whole
 */
record Problem(long line, String message) {
  Finding finding() {
    return new Finding(message, null, line == 0 ? null : line);
  }

  @Override
  public String toString() {
    return line == 0 ? message : "line " + line + ": " + message;
  }
}
