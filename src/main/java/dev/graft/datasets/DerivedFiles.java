package dev.graft.datasets;

import dev.graft.artifacts.ArtifactStore;
import dev.graft.artifacts.BlobRef;
import dev.graft.artifacts.StorageFull;
import dev.graft.platform.Idempotency;
import dev.graft.platform.IdempotentRequest;
import dev.graft.platform.ProblemType;
import dev.graft.platform.RequestFailed;
import dev.graft.spec.Nearest;
import dev.graft.text.RowConversion.RowFormat;
import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;

/**
 * Makes a file from the content of another file, which stays unchanged. A small file is made before
 * the answer. A large one has the status {@code uploaded} until it is made and validated.
 */
@Component
class DerivedFiles {
  private final ArtifactStore store;
  private final StoredFiles files;
  private final FileValidation validation;
  private final Idempotency idempotency;
  private final Clock clock;

  DerivedFiles(
      ArtifactStore store,
      StoredFiles files,
      FileValidation validation,
      Idempotency idempotency,
      Clock clock) {
    this.store = store;
    this.files = files;
    this.validation = validation;
    this.idempotency = idempotency;
    this.clock = clock;
  }

  /** Returns the lifetime with which a file expires together with its source. */
  @Nullable Duration lifetimeOf(DataFile source) {
    Instant expiresAt = source.expiresAt();
    return expiresAt == null ? null : Duration.between(clock.instant(), expiresAt);
  }

  /**
   * @param content from which the file is made
   * @param request everything that distinguishes this request from others to this route
   */
  DataFile add(
      HttpServletRequest http, String route, NewFile file, BlobRef content, String... request)
      throws IOException {
    files.requireRoom(file.departmentId(), content.bytes());
    try {
      FileValidation.CheckedFile checked =
          validation.requireIfSmall(
              file, () -> store.open(content.sha256()), content.bytes(), "id");
      String id =
          idempotency.once(
              IdempotentRequest.of(
                  http, file.departmentId(), route, IdempotentRequest.hash(request)),
              () -> files.add(file, content, checked));
      return files
          .find(file.departmentId(), id)
          .orElseThrow(() -> RequestFailed.notFound("file", id));
    } catch (StorageFull e) {
      throw MultipartForm.noRoom();
    }
  }

  /** Makes a file with OpenAI's chat rows from another file. */
  @Component
  static class ConvertFile {
    private static final String ROUTE = "POST /v1/files/{id}/convert";
    private static final String ENDINGS = "(?i)(\\.(jsonl?|parquet))?(\\.(gz|zst|zstd))?$";

    private final DerivedFiles derived;

    ConvertFile(DerivedFiles derived) {
      this.derived = derived;
    }

    /**
     * The body of the request.
     *
     * @param from the format of the rows; null = the recognised format
     * @param ignoreUnknownKeys leaves out keys that the format does not have; null = as for the
     *     upload of the file
     */
    record ConversionRequest(@Nullable String from, @Nullable Boolean ignoreUnknownKeys) {
      static final ConversionRequest EMPTY = new ConversionRequest(null, null);
    }

    DataFile from(HttpServletRequest http, DataFile source, ConversionRequest request)
        throws IOException {
      NewFile file = converted(source, request);
      return derived.add(
          http,
          ROUTE,
          file,
          source.blob(),
          source.id(),
          String.valueOf(file.options()),
          String.valueOf(source.expiresAt()));
    }

    private static void requireConvertible(DataFile source) {
      if (!source.is(NewFile.FilePurpose.FINE_TUNE)) {
        throw RequestFailed.invalid("id", source.id() + " does not have the purpose 'fine-tune'.");
      }
      if (source.has(DataFile.FileStatus.UPLOADED) || source.isUnconverted()) {
        throw new RequestFailed(
            ProblemType.WRONG_STATE,
            source.id() + " is not validated yet, or its conversion failed: see its status.",
            "id");
      }
      if (FileFormat.isCsv(source.filename(), source.options())) {
        throw RequestFailed.invalid(
            "id",
            source.id()
                + " is CSV: upload it with columns[user] and columns[assistant] instead, which makes"
                + " its rows chat rows.");
      }
    }

    private NewFile converted(DataFile source, ConversionRequest request) {
      requireConvertible(source);
      RowFormat from = format(source, request.from());
      Boolean wanted = request.ignoreUnknownKeys();
      boolean ignored = wanted == null ? source.options().ignoreUnknownKeys() : wanted;
      return new NewFile(
          source.departmentId(),
          source.filename().replaceFirst(ENDINGS, "") + ".chat.jsonl",
          NewFile.FilePurpose.FINE_TUNE,
          derived.lifetimeOf(source),
          new DecodingOptions(null, ignored, from),
          new NewFile.FileOrigin(source.id(), List.of(), null));
    }

    private static RowFormat format(DataFile source, @Nullable String named) {
      RowFormat recognised = source.rowFormat();
      if (named == null && recognised != null) return recognised;
      return RowFormat.named(String.valueOf(named))
          .orElseThrow(
              () ->
                  RequestFailed.invalid(
                      "from",
                      (named == null
                              ? source.id()
                                  + " does not begin with a convertible row; from must be "
                              : "from must be ")
                          + Arrays.stream(RowFormat.values())
                              .map(RowFormat::wireName)
                              .collect(Collectors.joining(" or "))
                          + "."));
    }
  }

  /** Makes a file from the rows of another file by applying remedies that a report proposes. */
  @Component
  static class RemedyFile {
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

    DataFile from(HttpServletRequest http, DataFile source, RemedyRequest request)
        throws IOException {
      Set<Remedy> remedies = remedies(request.remedies());
      TrainingFile rows = files.requireTrainable(source.departmentId(), source.id(), "id");
      String validation = validation(rows, remedies, request.validationFile());
      NewFile file =
          new NewFile(
              source.departmentId(),
              source.filename().replaceFirst(ENDINGS, "") + ".remedied.jsonl",
              NewFile.FilePurpose.FINE_TUNE,
              derived.lifetimeOf(source),
              DecodingOptions.NONE,
              new NewFile.FileOrigin(source.id(), List.copyOf(remedies), validation));
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
                            "Unknown remedy '%s'. Remedies are %s.%s"
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

    /** Returns the file to compare with; null = none. */
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
            "validation_file", given + " has a different kind of rows than " + rows.id() + ".");
      }
      return given;
    }
  }
}
