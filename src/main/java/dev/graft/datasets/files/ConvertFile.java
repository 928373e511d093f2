package dev.graft.datasets.files;

import dev.graft.artifacts.ArtifactStore;
import dev.graft.artifacts.StorageFull;
import dev.graft.datasets.ArrivedFile;
import dev.graft.datasets.CheckedFile;
import dev.graft.datasets.FilePurpose;
import dev.graft.datasets.FileRow;
import dev.graft.datasets.FileStatus;
import dev.graft.datasets.NewFile;
import dev.graft.datasets.StoredFiles;
import dev.graft.datasets.decoding.DecodingOptions;
import dev.graft.datasets.decoding.FileFormat;
import dev.graft.datasets.validation.FileValidation;
import dev.graft.platform.errors.ProblemType;
import dev.graft.platform.errors.RequestFailed;
import dev.graft.platform.idempotency.Idempotency;
import dev.graft.platform.idempotency.IdempotentRequest;
import dev.graft.text.row.RowFormat;
import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;

/**
 * Makes a file of OpenAI's chat rows of another file, which stays as it is. A small one is made
 * before the answer; a large one is, as one that was uploaded, {@code uploaded} until it is made
 * and validated.
 */
@Component
class ConvertFile {
  private static final String ROUTE = "POST /v1/files/{id}/convert";
  private static final String ENDINGS = "(?i)(\\.(jsonl?|parquet))?(\\.(gz|zst|zstd))?$";

  private final ArtifactStore store;
  private final StoredFiles files;
  private final FileValidation validation;
  private final Idempotency idempotency;
  private final Clock clock;

  ConvertFile(
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

  /**
   * The body of the request.
   *
   * @param from the format of the rows; null = as they were recognised
   * @param ignoreUnknownKeys leaves out what the format does not have; null = as the file was
   *     uploaded
   */
  record ConversionRequest(@Nullable String from, @Nullable Boolean ignoreUnknownKeys) {
    static final ConversionRequest EMPTY = new ConversionRequest(null, null);
  }

  FileRow from(HttpServletRequest http, FileRow source, ConversionRequest request)
      throws IOException {
    NewFile file = converted(source, request);
    files.requireRoom(file.departmentId(), source.blob().bytes());
    try {
      CheckedFile checked =
          validation.requireIfSmall(
              file, () -> store.open(source.blob().sha256()), source.blob().bytes(), "id");
      ArrivedFile arrived = new ArrivedFile(source.blob(), checked);
      String body =
          IdempotentRequest.hash(
              source.id(), String.valueOf(file.options()), String.valueOf(source.expiresAt()));
      String id =
          idempotency.once(
              IdempotentRequest.of(http, file.departmentId(), ROUTE, body),
              () -> files.add(file, arrived).id());
      return files
          .find(file.departmentId(), id)
          .orElseThrow(() -> RequestFailed.notFound("file", id));
    } catch (StorageFull e) {
      throw MultipartForm.noRoom();
    }
  }

  private static void requireConvertible(FileRow source) {
    if (!source.is(FilePurpose.FINE_TUNE)) {
      throw RequestFailed.invalid("id", source.id() + " has not the purpose 'fine-tune'.");
    }
    if (source.has(FileStatus.UPLOADED) || source.isUnconverted()) {
      throw new RequestFailed(
          ProblemType.WRONG_STATE,
          source.id() + " is not read yet, or is a conversion that failed: see its status.",
          "id");
    }
    if (FileFormat.isCsv(source.filename(), source.options())) {
      throw RequestFailed.invalid(
          "id",
          source.id()
              + " is CSV: upload it with columns[user] and columns[assistant] instead, and its"
              + " rows are chat rows.");
    }
  }

  private NewFile converted(FileRow source, ConversionRequest request) {
    requireConvertible(source);
    RowFormat from = format(source, request.from());
    Boolean said = request.ignoreUnknownKeys();
    boolean ignored = said == null ? source.options().ignoreUnknownKeys() : said;
    Instant expiresAt = source.expiresAt();
    return new NewFile(
        source.departmentId(),
        source.filename().replaceFirst(ENDINGS, "") + ".chat.jsonl",
        FilePurpose.FINE_TUNE,
        expiresAt == null ? null : Duration.between(clock.instant(), expiresAt),
        new DecodingOptions(null, ignored, from));
  }

  private static RowFormat format(FileRow source, @Nullable String said) {
    RowFormat recognised = source.rowFormat();
    if (said == null && recognised != null) return recognised;
    return RowFormat.named(String.valueOf(said))
        .orElseThrow(
            () ->
                RequestFailed.invalid(
                    "from",
                    (said == null
                            ? source.id() + " begins with no row that can be converted; from is "
                            : "from is ")
                        + Arrays.stream(RowFormat.values())
                            .map(RowFormat::wireName)
                            .collect(Collectors.joining(" or "))
                        + "."));
  }
}
