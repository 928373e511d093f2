package dev.graft.datasets;

import dev.graft.artifacts.BlobRef;
import dev.graft.artifacts.Digest;
import dev.graft.platform.database.ResultColumns;
import java.time.Clock;
import java.util.Optional;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Repository;

/** Files that are taken as they are, of whichever department: administrators have uploaded them. */
@Repository
public class UserData {
  private static final String FIND =
      """
      select filename, digest, bytes from file
       where id = :id and purpose = 'user_data' and (expires_at is null or expires_at > :now)
         for share
      """;

  private final JdbcClient sql;
  private final Clock clock;

  UserData(JdbcClient sql, Clock clock) {
    this.sql = sql;
    this.clock = clock;
  }

  /** Whether it is the id of a file at all. */
  public static boolean isFile(String id) {
    return id.startsWith("file-");
  }

  /**
   * Nobody deletes it before the transaction ends: see {@link StoredFiles.FileUse} for afterwards.
   */
  public Optional<UserFile> find(String id) {
    return sql.sql(FIND)
        .param("id", id)
        .param("now", ResultColumns.parameter(clock.instant()))
        .query(
            (row, n) ->
                new UserFile(
                    id,
                    row.getString("filename"),
                    new BlobRef(new Digest(row.getString("digest")), row.getLong("bytes"))))
        .optional();
  }

  /**
   * A file of purpose {@code user_data}, as it was uploaded.
   *
   * @param filename for people; never a path
   */
  public record UserFile(String id, String filename, BlobRef content) {}
}
