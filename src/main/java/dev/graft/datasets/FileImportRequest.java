package dev.graft.datasets;

import dev.graft.platform.RequestFailed;
import dev.graft.tenancy.Caller;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The body of {@code POST /v1/files/imports}. */
record FileImportRequest(
    @Nullable String source,
    @Nullable String purpose,
    @Nullable String filename,
    @Nullable Map<String, String> columns,
    @Nullable Boolean ignoreUnknownKeys) {
  /** Throws {@link RequestFailed} that names the field to blame. */
  NewFileImport check(Caller caller) {
    String text = RequestFailed.required(source, "source");
    if (FilePurpose.USER_DATA.wireName().equals(purpose)) {
      throw RequestFailed.invalid("purpose", "What is imported is training data: 'fine-tune'.");
    }
    ImportSource checked = ImportSource.parse(text);
    DecodingOptions options =
        new DecodingOptions(FileFields.columns(columns), Boolean.TRUE.equals(ignoreUnknownKeys));
    return new NewFileImport(
        checked,
        text,
        new NewFile(
            caller.departmentId(),
            name(checked.names(), checked),
            FileFields.purpose(purpose, caller),
            null,
            options));
  }

  private String name(NamePattern names, ImportSource checked) {
    if (filename == null) return names.filename(checked.whose());
    if (!names.isOne()) return NamePattern.rows(filename);
    DecodingOptions none = DecodingOptions.NONE;
    if (FileFormat.isCsv(names.path(), none) != FileFormat.isCsv(filename, none)) {
      throw RequestFailed.invalid(
          "filename", "The name says whether a file is CSV: end it as the source ends.");
    }
    return filename;
  }
}
