package dev.graft.datasets;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** {@code docs/data-quality.md} lists what is looked for, in the words of the findings. */
class DataQualityPageTests {
  @Test
  void theTableIsTheCode() throws IOException {
    List<String> rows =
        Files.readAllLines(Path.of("docs/data-quality.md")).stream()
            .filter(line -> line.startsWith("| `"))
            .toList();

    assertThat(rows)
        .containsExactlyElementsOf(
            Arrays.stream(QualityFinding.Defect.values()).map(DataQualityPageTests::row).toList());
  }

  private static String row(QualityFinding.Defect defect) {
    QualityFinding found = defect.ofAll(QualityFinding.Severity.ADVICE, 1);
    return "| `%s` | %s | %s |"
        .formatted(defect.wireName(), found.message().replace(": 1.", ""), found.remedy());
  }
}
