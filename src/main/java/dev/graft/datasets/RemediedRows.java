package dev.graft.datasets;

import dev.graft.artifacts.ArtifactStore;
import dev.graft.artifacts.ArtifactStore.StagedBlob;
import dev.graft.artifacts.BlobTooLarge;
import dev.graft.datasets.FileOrigin.Remedied;
import dev.graft.text.RowReader.Problem;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.core.io.InputStreamSource;
import org.springframework.stereotype.Component;

/** Makes the rows of a file of those of another, with what is to be done about them. */
@Component
class RemediedRows {
  /** Two do nearly always: what is like a row that went is like what that one was like. */
  private static final int MOST_PASSES = 10;

  private final ArtifactStore store;
  private final FileRows files;
  private final FileProperties settings;

  RemediedRows(ArtifactStore store, FileRows files, FileProperties settings) {
    this.store = store;
    this.files = files;
    this.settings = settings;
  }

  /**
   * @param rows of the file that it is made of
   */
  CheckedFile check(String departmentId, FileOrigin origin, InputStreamSource rows)
      throws IOException {
    String compared = origin.validationFile();
    InputStreamSource validation = compared == null ? null : rows(departmentId, compared);
    if (compared != null && validation == null) {
      return TrainingRows.refused("the validation file " + compared + " is gone");
    }
    Map<Remedy, Long> done = new EnumMap<>(Remedy.class);
    origin.remedies().forEach(remedy -> done.put(remedy, 0L));
    List<Problem> problems = new ArrayList<>();
    try (StagedBlob made = pass(rows, validation, done, problems, MOST_PASSES);
        InputStream in = made.open()) {
      return TrainingRows.checked(
          problems,
          in,
          made,
          done.entrySet().stream()
              .map(each -> new Remedied(each.getKey(), each.getValue()))
              .toList());
    } catch (BlobTooLarge tooLarge) {
      return TrainingRows.refused(
          "the rows become more than " + settings.maxUnpacked().toBytes() + " bytes");
    }
  }

  private StagedBlob pass(
      InputStreamSource rows,
      @Nullable InputStreamSource validation,
      Map<Remedy, Long> done,
      List<Problem> problems,
      int most)
      throws IOException {
    RemedyPass pass = RemedyPass.over(rows, done.keySet(), validation);
    StagedBlob made =
        store.stage(out -> pass.write(out, problems), settings.maxUnpacked().toBytes());
    pass.rows().forEach((remedy, count) -> done.merge(remedy, count, Long::sum));
    if (!pass.isToBeRepeated() || !problems.isEmpty() || most == 1) return made;
    try (StagedBlob before = made) {
      return pass(before::open, validation, done, problems, most - 1);
    }
  }

  private @Nullable InputStreamSource rows(String departmentId, String fileId) {
    return files
        .findById(fileId)
        .filter(file -> file.departmentId().equals(departmentId))
        .map(FileRow::rows)
        .map(blob -> (InputStreamSource) () -> store.open(blob.sha256()))
        .orElse(null);
  }
}
