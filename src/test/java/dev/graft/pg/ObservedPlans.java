package dev.graft.pg;

import java.sql.SQLException;
import java.sql.SQLWarning;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.datasource.SingleConnectionDataSource;
import tools.jackson.databind.json.JsonMapper;

/**
 * The plans of the very statements that a ledger sends: the server's {@code auto_explain} tells
 * them on the connection, after each statement.
 */
public final class ObservedPlans extends JdbcTemplate implements AutoCloseable {
  /** Whether the values of the parameters may be known to the planner. */
  public enum Values {
    KNOWN("force_custom_plan"),
    /** As after some executions of a prepared statement. */
    UNKNOWN("force_generic_plan");

    private final String mode;

    Values(String mode) {
      this.mode = mode;
    }
  }

  private final List<Plan> plans = new ArrayList<>();

  private final SingleConnectionDataSource connection;

  private ObservedPlans(SingleConnectionDataSource connection) {
    super(connection);
    this.connection = connection;
  }

  public static ObservedPlans over(TestPostgres.Address address, Values values) {
    ObservedPlans observed =
        new ObservedPlans(
            new SingleConnectionDataSource(
                address.url(), address.user(), address.password(), true));
    observed.execute(
        """
        load 'auto_explain';
        set plan_cache_mode = %s;
        set auto_explain.log_format = json;
        set auto_explain.log_analyze = on;
        set auto_explain.log_timing = off;
        set client_min_messages = log;
        set auto_explain.log_min_duration = 0
        """
            .formatted(values.mode));
    observed.plans.clear();
    return observed;
  }

  public JdbcClient client() {
    return JdbcClient.create(this);
  }

  /** The plan of the only statement that was sent since the last call. */
  public Plan only() {
    if (plans.size() != 1) throw new AssertionError(plans.size() + " statements were sent");
    return plans.removeFirst();
  }

  /** The plans of all statements that were sent since the last call. */
  public List<Plan> all() {
    List<Plan> sent = List.copyOf(plans);
    plans.clear();
    return sent;
  }

  @Override
  public void close() {
    connection.destroy();
  }

  @Override
  protected void handleWarnings(Statement statement) throws SQLException {
    for (SQLWarning told = statement.getWarnings(); told != null; told = told.getNextWarning()) {
      String text = String.valueOf(told.getMessage());
      int json = text.indexOf('{');
      if (!text.startsWith("duration:") || json < 0) continue;
      plans.add(new Plan(JsonMapper.shared().readTree(text.substring(json)).path("Plan")));
    }
  }
}
