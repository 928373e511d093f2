package dev.graft.training;

import dev.graft.text.Example;
import dev.graft.text.RowReader;
import dev.graft.text.RowReader.Problem;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.function.ObjIntConsumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A JSONL file of a request.
 *
 * @param param the request's name for it, for failures
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

  /** Tells these rows from those of other files, and of this one. */
  String identity(String sha256) {
    return part == null ? sha256 : "%s %s %s".formatted(sha256, part.split(), part.held());
  }

  /** SHA-256 of the file. */
  String sha256() {
    try {
      return Digests.of(path);
    } catch (IOException e) {
      throw new UncheckedIOException(param + " cannot be read", e);
    }
  }

  /**
   * @param sink gets each row and the bytes of its line
   * @param rejected problems that the sink found; asked for when it has got all rows
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
}
