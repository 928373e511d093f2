package dev.graft.datasets;

import dev.graft.platform.RequestFailed;
import dev.graft.spec.Nearest;
import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;

/** Makes a file of another's rows, with what a report says can be done about them. */
@Component
class RemedyFile {
  private static final String ROUTE = "POST /v1/files/{id}/remedies";
  private static final String ENDINGS =
      "(?i)(\\.remedied)?(\\.(jsonl?|parquet|csv|tsv))?(\\.(gz|zst|zstd))?$";

  private final DerivedFiles derived;
  private final StoredFiles files;

  RemedyFile(DerivedFiles derived, StoredFiles files) {
    this.derived = derived;
    this.files = files;
  }

  /**
   * The body of the request.
   *
   * @param remedies by their names, in any order
   * @param validationFile the file whose rows must not be among these
   */
  record RemedyRequest(
      @Nullable List<@Nullable String> remedies, @Nullable String validationFile) {}

  FileRow from(HttpServletRequest http, FileRow source, RemedyRequest request) throws IOException {
    Set<Remedy> remedies = remedies(request.remedies());
    TrainingFile rows = files.requireTrainable(source.departmentId(), source.id(), "id");
    String validation = validation(rows, remedies, request.validationFile());
    NewFile file =
        new NewFile(
            source.departmentId(),
            source.filename().replaceFirst(ENDINGS, "") + ".remedied.jsonl",
            FilePurpose.FINE_TUNE,
            derived.lifetimeOf(source),
            DecodingOptions.NONE,
            new FileOrigin(source.id(), List.copyOf(remedies), validation));
    return derived.add(
        http, ROUTE, file, source.rows(), String.valueOf(file.origin()), file.filename());
  }

  private static Set<Remedy> remedies(@Nullable List<@Nullable String> given) {
    List<@Nullable String> names = RequestFailed.required(given, "remedies");
    Set<Remedy> remedies = EnumSet.noneOf(Remedy.class);
    for (String each : names) {
      String name = RequestFailed.required(each, "remedies");
      remedies.add(
          Remedy.named(name)
              .orElseThrow(
                  () ->
                      RequestFailed.invalid(
                          "remedies",
                          "'%s' is no remedy; remedies are %s.%s"
                              .formatted(
                                  Nearest.shown(name),
                                  String.join(", ", all()),
                                  Nearest.sentence(name, all())))));
    }
    if (remedies.isEmpty()) {
      throw RequestFailed.invalid(
          "remedies", "Name at least one of " + String.join(", ", all()) + ".");
    }
    return remedies;
  }

  private static List<String> all() {
    return Arrays.stream(Remedy.values()).map(Remedy::wireName).toList();
  }

  /** The file that is to be compared with; null = none. */
  private @Nullable String validation(
      TrainingFile rows, Set<Remedy> remedies, @Nullable String given) {
    String needing =
        remedies.stream()
            .filter(Remedy::needsValidation)
            .map(Remedy::wireName)
            .collect(Collectors.joining(", "));
    if (needing.isEmpty()) return null;
    if (given == null) {
      throw RequestFailed.invalid("validation_file", "Name the file for " + needing + ".");
    }
    TrainingFile held = files.requireTrainable(rows.departmentId(), given, "validation_file");
    if (held.kind() != null && rows.kind() != null && held.kind() != rows.kind()) {
      throw RequestFailed.invalid(
          "validation_file", given + " has another kind of rows than " + rows.id() + ".");
    }
    return given;
  }
}
