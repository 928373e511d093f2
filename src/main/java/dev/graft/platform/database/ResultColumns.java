package dev.graft.platform.database;

import java.sql.Array;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Timestamp;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** PostgreSQL's types from a row, and times and durations as parameters. */
public final class ResultColumns {
  private ResultColumns() {}

  public static Instant time(ResultSet row, String column) throws SQLException {
    return row.getObject(column, OffsetDateTime.class).toInstant();
  }

  public static @Nullable Instant timeOrNull(ResultSet row, String column) throws SQLException {
    OffsetDateTime value = row.getObject(column, OffsetDateTime.class);
    return value == null ? null : value.toInstant();
  }

  /** Of an array; null is empty. */
  public static List<Instant> times(ResultSet row, String column) throws SQLException {
    Array array = row.getArray(column);
    return array == null
        ? List.of()
        : Stream.of((Timestamp[]) array.getArray()).map(Timestamp::toInstant).toList();
  }

  public static List<String> texts(ResultSet row, String column) throws SQLException {
    return List.of((String[]) row.getArray(column).getArray());
  }

  public static @Nullable List<String> textsOrNull(ResultSet row, String column)
      throws SQLException {
    Array array = row.getArray(column);
    return array == null ? null : List.of((String[]) array.getArray());
  }

  /** A time as a statement takes it; null stays null. */
  public static @Nullable OffsetDateTime parameter(@Nullable Instant time) {
    return time == null ? null : time.atOffset(ZoneOffset.UTC);
  }

  /** A duration as {@code make_interval(secs => ...)} takes it. */
  public static double seconds(Duration duration) {
    return duration.toMillis() / 1000.0;
  }
}
