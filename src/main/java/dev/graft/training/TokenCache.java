package dev.graft.training;

import dev.graft.training.StoredRows.RowsWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Caches tokenised files by their source, so that resumed and repeated runs and others with the
 * same rows do not tokenise again. Several processes may share a directory. Files that were unused
 * for a week are removed, and the least recently used ones above the maximum size; a run that has
 * mapped a file keeps it.
 *
 * @param most maximum bytes of all files
 */
record TokenCache(Path directory, long most) {
  private static final Logger log = LoggerFactory.getLogger(TokenCache.class);
  private static final String SUFFIX = ".tokens";
  private static final long MOST = 8L << 30;

  private static final Duration UNUSED = Duration.ofDays(7);

  /** Age after which an unfinished file is considered abandoned. */
  private static final Duration ABANDONED = Duration.ofDays(1);

  /** Reads rows and writes them. */
  @FunctionalInterface
  interface Maker {
    StoredRows.Counts make(RowsWriter into) throws IOException;
  }

  public TokenCache(Path directory) {
    this(directory, MOST);
  }

  /**
   * @param key 64 characters that depend on everything that the rows depend on
   */
  StoredRows get(String key, Maker maker) {
    Path file = directory.resolve(key + SUFFIX);
    try {
      StoredRows known = known(file, key);
      if (known != null) {
        makeRoom(file);
        return known;
      }
      try (RowsWriter writer = new RowsWriter(directory)) {
        writer.publish(file, maker.make(writer), key);
      }
      StoredRows made = StoredRows.open(file, key);
      if (made == null) throw new IOException("the file differs from what was just written");
      makeRoom(file);
      return made;
    } catch (IOException e) {
      throw new UncheckedIOException("tokenised rows cannot be kept", e);
    }
  }

  private @Nullable StoredRows known(Path file, String key) throws IOException {
    try {
      StoredRows known = StoredRows.open(file, key);
      if (known != null) {
        Files.setLastModifiedTime(file, now());
        return known;
      }
      log.atWarn().addKeyValue("file", file.getFileName()).log("tokens_damaged");
      Files.deleteIfExists(file);
    } catch (NoSuchFileException none) {
      // the usual case of new rows
    }
    return null;
  }

  /** Returns the time of the file system, which the ages of files refer to. */
  private FileTime now() throws IOException {
    Path touched = Files.createTempFile(directory, RowsWriter.MAKING, ".now");
    try {
      return Files.getLastModifiedTime(touched);
    } finally {
      Files.delete(touched);
    }
  }

  private record Kept(Path file, FileTime used, long bytes) {
    boolean unfinished() {
      return file.getFileName().toString().startsWith(RowsWriter.MAKING);
    }
  }

  /** Removes files above the maximum size, the oldest first, but not the newest file. */
  private void makeRoom(Path newest) throws IOException {
    FileTime now = Files.getLastModifiedTime(newest);
    long taken = Files.size(newest);
    for (Kept each : others(newest)) {
      taken += each.bytes();
      Duration patience = each.unfinished() ? ABANDONED : UNUSED;
      boolean old = each.used().toInstant().plus(patience).isBefore(now.toInstant());
      if (old || !each.unfinished() && taken > most) Files.deleteIfExists(each.file());
    }
  }

  /** Returns the files of this cache except one, the newest first. */
  private List<Kept> others(Path newest) throws IOException {
    List<Kept> others = new ArrayList<>();
    try (Stream<Path> all = Files.list(directory)) {
      for (Path file : all.toList()) {
        String name = file.getFileName().toString();
        boolean ours = name.startsWith(RowsWriter.MAKING) || name.endsWith(SUFFIX);
        if (!ours || file.equals(newest)) continue;
        try {
          others.add(new Kept(file, Files.getLastModifiedTime(file), Files.size(file)));
        } catch (NoSuchFileException gone) {
          // another process removed it
        }
      }
    }
    others.sort(Comparator.comparing(Kept::used).reversed());
    return others;
  }
}
