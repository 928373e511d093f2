package dev.graft.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NvidiaModprobeTests {
  @TempDir private Path directory;

  @Test
  void itIsRunWhereTheFileIsNotThere() throws IOException {
    Path file = directory.resolve("nvidia-uvm");
    Path program = directory.resolve("nvidia-modprobe");
    new CudaMachine.NvidiaModprobe(program, file).run();
    assertThat(file).doesNotExist();
    Files.writeString(program, "#!/bin/sh\necho \"$@\" >>" + file);
    Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwxr-xr-x"));
    new CudaMachine.NvidiaModprobe(program, file).run();
    new CudaMachine.NvidiaModprobe(program, file).run();
    assertThat(file).hasContent("-u -c 0");
  }
}
