package dev.graft.datasets;

import dev.graft.artifacts.ArtifactStore;
import dev.graft.artifacts.ArtifactStore.StagedBlob;
import dev.graft.artifacts.BlobTooLarge;
import dev.graft.datasets.FileOrigin.Remedied;
import dev.graft.text.RowReader;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.springframework.core.io.InputStreamSource;
import org.springframework.stereotype.Component;

/**
 * Reads training files in whatever format they came. The rows of one that is packed, Parquet or CSV
 * become a blob of their own, made once: workers know JSONL only, and the same rows are the same
 * blob however they came.
 */
@Component
class TrainingRows {
  private final ArtifactStore store;
  private final FileProperties settings;

  TrainingRows(ArtifactStore store, FileProperties settings) {
    this.store = store;
    this.settings = settings;
  }

  static FileFormat format(InputStreamSource content, String filename, DecodingOptions options)
      throws IOException {
    try (InputStream in = content.getInputStream()) {
      return FileFormat.of(in, filename, options);
    }
  }

  /** Reads the file to its end, or to its hundredth problem, in bounded memory. */
  CheckedFile check(InputStreamSource content, FileFormat format) throws IOException {
    if (format.isRows()) {
      try (InputStream in = format.open(content.getInputStream())) {
        return new CheckedFile(ValidationResult.of(in), null);
      } catch (Undecodable bad) {
        return refused("the file " + bad.reason());
      }
    }
    if (!format.isReadFromItsEnd()) return check(content, 0, format);
    try (InputStream in = content.getInputStream();
        StagedBlob file = store.stage(in::transferTo, Long.MAX_VALUE)) {
      return check(file::open, file.ref().bytes(), format);
    }
  }

  private CheckedFile check(InputStreamSource content, long length, FileFormat format)
      throws IOException {
    List<RowReader.Problem> problems = new ArrayList<>();
    long most = settings.maxUnpacked().toBytes();
    try (StagedBlob rows =
            store.stage(out -> format.writeRows(content, length, out, problems), most);
        InputStream in = rows.open()) {
      return checked(problems, in, rows, List.of());
    } catch (Undecodable bad) {
      return refused("the file " + bad.reason());
    } catch (BlobTooLarge tooLarge) {
      return refused("the file unpacks to more than " + most + " bytes");
    }
  }

  /**
   * @param in of the rows
   * @param remedied what was done to make them
   */
  static CheckedFile checked(
      List<RowReader.Problem> problems, InputStream in, StagedBlob rows, List<Remedied> remedied)
      throws IOException {
    ValidationResult validation = merged(problems, ValidationResult.of(in));
    return new CheckedFile(validation, validation.good() ? rows.publish() : null, remedied);
  }

  static CheckedFile refused(String message) {
    return new CheckedFile(
        new ValidationResult(0, null, null, null, List.of(new LineProblem(0, message))), null);
  }

  private static ValidationResult merged(List<RowReader.Problem> decoding, ValidationResult rows) {
    if (decoding.isEmpty()) return rows;
    List<LineProblem> all =
        Stream.concat(
                decoding.stream().map(p -> new LineProblem(p.line(), p.message())),
                // without records there are no rows: that is told by the records
                rows.problems().stream().filter(p -> p.line() > 0))
            .sorted(Comparator.comparingLong(LineProblem::line))
            .limit(RowReader.MAX_PROBLEMS)
            .toList();
    return new ValidationResult(
        rows.examples(), rows.kind(), rows.longestRow(), rows.format(), all);
  }
}
