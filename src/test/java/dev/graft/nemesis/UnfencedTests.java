package dev.graft.nemesis;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.lang.classfile.ClassFile;
import java.lang.classfile.instruction.ConstantInstruction;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.jar.JarOutputStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A fence that is looked for where it no longer is would leave the program whole. */
class UnfencedTests {
  private static final String LEDGER = "dev/graft/jobs/LeaseLedger.class";
  private static final String OTHER = "dev/graft/nemesis/GraftProgram$Unfenced.class";

  @TempDir Path directory;

  @Test
  void statementsOfTheQueueLoseEpochAndTokenAndAllElseStays() throws IOException {
    Path whole = directory.resolve("whole.jar");
    try (JarOutputStream jar = new JarOutputStream(Files.newOutputStream(whole))) {
      for (String name : List.of(LEDGER, OTHER)) {
        jar.putNextEntry(new JarEntry(name));
        jar.write(compiled(name));
      }
    }
    Path broken = directory.resolve("broken.jar");

    assertThat(GraftProgram.Unfenced.copy(whole, broken)).isGreaterThanOrEqualTo(5);

    try (JarFile jar = new JarFile(broken.toFile())) {
      assertThat(texts(read(jar, LEDGER)))
          .anyMatch(text -> text.contains("where job_id = :job and ended_at is null"))
          .noneMatch(text -> text.contains(":epoch and token"));
      assertThat(read(jar, OTHER)).isEqualTo(compiled(OTHER));
    }
  }

  private static byte[] compiled(String name) throws IOException {
    try (InputStream in = UnfencedTests.class.getClassLoader().getResourceAsStream(name)) {
      return in.readAllBytes();
    }
  }

  private static byte[] read(JarFile jar, String name) throws IOException {
    try (InputStream in = jar.getInputStream(jar.getEntry(name))) {
      return in.readAllBytes();
    }
  }

  /** Those that its methods load. */
  private static List<String> texts(byte[] bytes) {
    return ClassFile.of().parse(bytes).methods().stream()
        .flatMap(method -> method.code().stream())
        .flatMap(code -> code.elementStream())
        .flatMap(
            element ->
                element instanceof ConstantInstruction constant
                        && constant.constantValue() instanceof String text
                    ? Stream.of(text)
                    : Stream.empty())
        .toList();
  }
}
