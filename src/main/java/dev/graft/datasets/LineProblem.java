package dev.graft.datasets;

import dev.graft.platform.ErrorDetail;

/**
 * What is wrong with one line of a file; the message holds none of its content.
 *
 * @param line counted from 1; 0 where it is the file as a whole
 */
record LineProblem(long line, String message) {
  ErrorDetail finding() {
    return new ErrorDetail(message, null, line == 0 ? null : line);
  }

  @Override
  public String toString() {
    return line == 0 ? message : "line " + line + ": " + message;
  }
}
