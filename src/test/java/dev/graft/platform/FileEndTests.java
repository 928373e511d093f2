package dev.graft.platform;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileEndTests {
  @TempDir Path directory;

  @Test
  void theLastWholeLinesOfALongFileAreRead() throws Exception {
    Path file =
        Files.writeString(directory.resolve("log"), "first\n" + "é".repeat(20) + "\nlast\n");
    assertThat(FileEnd.lines(file, 1000)).isEqualTo(Files.readString(file));
    assertThat(FileEnd.lines(file, 20)).isEqualTo("last\n");
    assertThat(FileEnd.lines(file, 3)).isEqualTo("");
    assertThat(FileEnd.lines(Files.createFile(directory.resolve("empty")), 20)).isEmpty();
  }
}
