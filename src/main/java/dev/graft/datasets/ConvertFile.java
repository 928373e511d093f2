package dev.graft.datasets;

import dev.graft.platform.ProblemType;
import dev.graft.platform.RequestFailed;
import dev.graft.text.RowFormat;
import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;

/** Makes a file of OpenAI's chat rows of another file. */
@Component
class ConvertFile {
  private static final String ROUTE = "POST /v1/files/{id}/convert";
  private static final String ENDINGS = "(?i)(\\.(jsonl?|parquet))?(\\.(gz|zst|zstd))?$";

  private final DerivedFiles derived;

  ConvertFile(DerivedFiles derived) {
    this.derived = derived;
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
    return derived.add(
        http,
        ROUTE,
        file,
        source.blob(),
        source.id(),
        String.valueOf(file.options()),
        String.valueOf(source.expiresAt()));
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
    return new NewFile(
        source.departmentId(),
        source.filename().replaceFirst(ENDINGS, "") + ".chat.jsonl",
        FilePurpose.FINE_TUNE,
        derived.lifetimeOf(source),
        new DecodingOptions(null, ignored, from),
        new FileOrigin(source.id(), List.of(), null));
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
