package dev.graft.datasets.parquet;

/** What the pages of a file take when they are unpacked: at once, and all of them. */
final class PageMemory {
  private static final long LEAST = 16L << 20;
  private static final long MOST = 256L << 20;

  /** At once; what text that is packed grows to, and more. */
  private static final int RATIO = 16;

  /** Of all, as of files that are packed. */
  private static final int INFLATION = 100;

  private final long most;
  private final long mostInAll;
  private long held;
  private long all;

  /** By the file's length: many small ones may be read at once, of large ones few. */
  PageMemory(long fileLength) {
    most = Math.clamp(fileLength * RATIO, LEAST, MOST);
    mostInAll = Math.max(LEAST, fileLength * INFLATION);
  }

  /** Nothing is held any more. */
  void clear() {
    held = 0;
  }

  /** A page that will be unpacked. */
  void unpack(int bytes) throws UnreadableParquet {
    all += bytes;
    if (all > mostInAll) {
      throw UnreadableParquet.because("grows to more than %d times its size", INFLATION);
    }
  }

  void take(long bytes) throws UnreadableParquet {
    held += bytes;
    if (held > most) {
      throw UnreadableParquet.because(
          "has pages of Parquet that are too large, more than %d bytes for one row: write it with"
              + " pages of 1 MiB (data_page_size of pyarrow)",
          most);
    }
  }

  void give(long bytes) {
    held -= bytes;
  }
}
