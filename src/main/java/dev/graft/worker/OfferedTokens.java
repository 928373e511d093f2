package dev.graft.worker;

import dev.graft.platform.MachineLacks;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The join tokens that a worker may try, of a setting and of a file. Between them is white space:
 * the newline that a shell, an editor or a secret adds is no part of one.
 */
final class OfferedTokens {
  /** Thousands of tokens; a larger file is another one than was meant. */
  private static final int LARGEST_FILE = 1 << 18;

  private OfferedTokens() {}

  /**
   * In the order in which they are tried.
   *
   * @throws MachineLacks if the file is named and cannot be read
   */
  static List<String> of(WorkerProperties settings) {
    return Stream.concat(split(settings.joinToken()), split(read(settings.joinTokenFile())))
        .distinct()
        .toList();
  }

  private static Stream<String> split(@Nullable String text) {
    return text == null ? Stream.of() : Stream.of(text.split("\\s+")).filter(t -> !t.isEmpty());
  }

  private static @Nullable String read(@Nullable Path file) {
    if (file == null) return null;
    try (InputStream in = Files.newInputStream(file)) {
      byte[] read = in.readNBytes(LARGEST_FILE + 1);
      if (read.length <= LARGEST_FILE) return new String(read, StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new MachineLacks(
          "graft.worker.join-token-file %s cannot be read (%s)"
              .formatted(file, e.getClass().getSimpleName()),
          e);
    }
    throw new MachineLacks(
        "graft.worker.join-token-file %s is too large for a file of join tokens".formatted(file));
  }
}
