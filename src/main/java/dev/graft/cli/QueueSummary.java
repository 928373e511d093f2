package dev.graft.cli;

import static java.util.Objects.requireNonNull;

import dev.graft.cli.doctor.DatabaseAddress;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.StringJoiner;
import java.util.regex.Pattern;

/** The database in numbers: ids and counts, nothing that a person wrote. */
final class QueueSummary {
  private static final String QUESTIONS = "queue.sql";

  private QueueSummary() {}

  /**
   * Read-only, and given up after half a minute each.
   *
   * @throws SQLException if the database does not answer
   */
  static String of(DatabaseAddress database) throws SQLException, IOException {
    StringBuilder text = new StringBuilder();
    try (Connection connection = DriverManager.getConnection(database.url(), database.login())) {
      connection.setReadOnly(true);
      for (String each : questions()) {
        String[] question = each.split("\n", 2);
        text.append("# ").append(question[0]).append('\n');
        text.append(answer(connection, question[1])).append('\n');
      }
    }
    return text.toString();
  }

  /** A title, and in the next lines a query. */
  private static List<String> questions() throws IOException {
    try (InputStream file = requireNonNull(QueueSummary.class.getResourceAsStream(QUESTIONS))) {
      String text = new String(file.readAllBytes(), StandardCharsets.UTF_8);
      return Pattern.compile("^-- ", Pattern.MULTILINE)
          .splitAsStream(text)
          .filter(each -> !each.isBlank())
          .toList();
    }
  }

  private static String answer(Connection connection, String question) {
    try (Statement statement = connection.createStatement()) {
      statement.setQueryTimeout(30);
      try (ResultSet rows = statement.executeQuery(question)) {
        return table(rows);
      }
    } catch (SQLException refused) {
      return "could not be read: " + refused.getMessage() + "\n";
    }
  }

  private static String table(ResultSet rows) throws SQLException {
    ResultSetMetaData columns = rows.getMetaData();
    StringBuilder text = new StringBuilder();
    StringJoiner head = new StringJoiner("\t");
    for (int i = 1; i <= columns.getColumnCount(); i++) head.add(columns.getColumnLabel(i));
    text.append(head).append('\n');
    while (rows.next()) {
      StringJoiner line = new StringJoiner("\t");
      for (int i = 1; i <= columns.getColumnCount(); i++) {
        String value = rows.getString(i);
        line.add(value == null ? "" : value);
      }
      text.append(line).append('\n');
    }
    return text.toString();
  }
}
