package dev.graft.datasets;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A request about a file that cannot be granted; nothing was stored or lost.
 *
 * @see #param the field of the request it is about
 */
final class FileRefused extends RuntimeException {
  private final transient List<Problem> problems;
  private final @Nullable String param;
  private final String code;

  FileRefused(@Nullable String param, String code, String message) {
    this(param, code, message, List.of());
  }

  FileRefused(@Nullable String param, String code, String message, List<Problem> problems) {
    super(message);
    this.param = param;
    this.code = code;
    this.problems = problems;
  }

  @Nullable String param() {
    return param;
  }

  String code() {
    return code;
  }

  List<Problem> problems() {
    return problems;
  }
}
