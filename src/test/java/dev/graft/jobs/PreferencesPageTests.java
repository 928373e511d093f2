package dev.graft.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.Concurrent;
import dev.graft.spec.Preference.LossType;
import dev.graft.spec.TrainingSpec;
import dev.graft.tiny.TinyLlama;
import dev.graft.training.RecordedRuns;
import dev.graft.training.TrainerExit;
import dev.graft.training.TrainingEvent;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.json.JsonMapper;

/** docs/preferences.md: its requests train on its rows, and its tables are those of the code. */
@Concurrent
class PreferencesPageTests {
  @TempDir private Path directory;

  @Test
  void everyRequestTrainsOnEveryFileAndReportsWhatThePageLists() throws IOException {
    String page = Files.readString(Path.of("docs/preferences.md"));
    Path base = TinyLlama.write(directory.resolve("base"), 1);
    Set<String> reported = new TreeSet<>();
    int runs = 0;
    for (String request : blocks(page, "json")) {
      TrainingSpec spec = JobRequest.read(new JsonMapper().readTree(request)).spec();
      for (String rows : blocks(page, "jsonl")) {
        Path out = directory.resolve("run-" + ++runs);
        reported.addAll(run(spec, base, Files.writeString(directory.resolve("rows"), rows), out));
      }
    }
    assertThat(runs).isEqualTo(6);
    assertThat(reported).isEqualTo(new TreeSet<>(firstCells(page, "[a-z]+/[a-z]+|nll_loss")));
  }

  @Test
  void everyLossIsOnThePage() throws IOException {
    String page = Files.readString(Path.of("docs/preferences.md"));
    List<String> known =
        Arrays.stream(LossType.values()).map(type -> type.name().toLowerCase(Locale.ROOT)).toList();
    String losses = page.substring(page.indexOf("## Losses"), page.indexOf("## The reference"));
    assertThat(firstCells(losses, "(?!loss_type)[a-z]+")).containsExactlyElementsOf(known);
  }

  private static Set<String> run(TrainingSpec spec, Path base, Path rows, Path out) {
    RecordedRuns runs = new RecordedRuns();
    assertThat(runs.run(spec, base, rows, out, "cpu")).isEqualTo(TrainerExit.DONE);
    return runs.of(TrainingEvent.Progress.class).stream()
        .flatMap(step -> step.metrics().keySet().stream())
        .collect(Collectors.toSet());
  }

  private static List<String> blocks(String page, String language) {
    return Pattern.compile("```" + language + "\n([^`]*)```")
        .matcher(page)
        .results()
        .map(block -> block.group(1))
        .toList();
  }

  /** What the first cells of table rows have between backquotes. */
  private static List<String> firstCells(String page, String name) {
    return Pattern.compile("^\\| `(" + name + ")` \\|", Pattern.MULTILINE)
        .matcher(page)
        .results()
        .map((MatchResult row) -> row.group(1))
        .toList();
  }
}
