package dev.graft.jobs;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import com.zaxxer.hikari.metrics.micrometer.MicrometerMetricsTrackerFactory;
import io.micrometer.core.instrument.binder.MeterBinder;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import javax.sql.DataSource;
import org.springframework.beans.factory.DisposableBean;
import org.springframework.beans.factory.config.BeanPostProcessor;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.health.contributor.AbstractHealthIndicator;
import org.springframework.boot.health.contributor.Health;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.Ordered;
import org.springframework.core.env.Environment;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.datasource.DelegatingDataSource;
import org.springframework.stereotype.Component;
import org.springframework.web.filter.OncePerRequestFilter;

/**
 * The server's database connections, with a few more that are reserved for calls of workers and the
 * reaper: leases are renewed even if all other connections are busy.
 */
final class WorkerConnections extends DelegatingDataSource {
  private static final ScopedValue<Boolean> FOR_WORKERS = ScopedValue.newInstance();

  private final DataSource few;

  WorkerConnections(DataSource others, DataSource few) {
    super(others);
    this.few = few;
  }

  /** Runs the call with the connections that are reserved for workers. */
  public static <T, X extends Throwable> T use(ScopedValue.CallableOp<? extends T, X> call)
      throws X {
    return ScopedValue.where(FOR_WORKERS, true).call(call);
  }

  @Override
  public Connection getConnection() throws SQLException {
    return FOR_WORKERS.isBound() ? few.getConnection() : super.getConnection();
  }

  /**
   * Adds the pool of {@link WorkerConnections} to that of the server. A call of a worker must end
   * within a third of a lease, so that the worker can still make another one. Therefore a
   * connection waits a sixth of a lease for an answer, and a call waits half of that for a
   * connection or a lock.
   */
  static final class WorkerPool implements BeanPostProcessor, Ordered, DisposableBean {
    private static final Duration LEAST = Duration.ofSeconds(2);

    private final JobProperties settings;
    private final List<HikariDataSource> opened = new ArrayList<>();

    private WorkerPool(JobProperties settings) {
      this.settings = settings;
    }

    @Configuration(proxyBeanMethods = false)
    static class Added {
      @Bean
      static WorkerPool workerPool(Environment environment) {
        return new WorkerPool(
            Binder.get(environment).bindOrCreate("graft.jobs", JobProperties.class));
      }

      /** Binds the meters of the pool as Spring Boot does for the main pool. */
      @Bean
      MeterBinder workerPoolMeters(WorkerPool pool) {
        return registry ->
            pool.opened.forEach(
                few -> few.setMetricsTrackerFactory(new MicrometerMetricsTrackerFactory(registry)));
      }
    }

    @Override
    public Object postProcessAfterInitialization(Object bean, String name) {
      if (!name.equals("dataSource") || !(bean instanceof HikariDataSource others)) return bean;
      HikariDataSource few = new HikariDataSource(config(others));
      opened.add(few);
      return new WorkerConnections(others, few);
    }

    private HikariConfig config(HikariDataSource others) {
      Duration sixth = settings.leaseTtl().dividedBy(6);
      Duration answer = sixth.compareTo(LEAST) < 0 ? LEAST : sixth;
      HikariConfig config = new HikariConfig();
      config.setPoolName("workers");
      config.setJdbcUrl(others.getJdbcUrl());
      config.setUsername(others.getUsername());
      config.setPassword(others.getPassword());
      config.setMaximumPoolSize(settings.workerConnections());
      config.setMinimumIdle(1);
      config.setInitializationFailTimeout(-1); // the main pool reports what is wrong
      config.setConnectionTimeout(answer.toMillis() / 2);
      others
          .getDataSourceProperties()
          .forEach((key, value) -> config.addDataSourceProperty(key + "", value));
      config.addDataSourceProperty("connectTimeout", Long.toString(answer.toSeconds() / 2));
      config.addDataSourceProperty("socketTimeout", Long.toString(answer.toSeconds()));
      config.addDataSourceProperty(
          "options",
          "-c jit=off -c statement_timeout=%d -c lock_timeout=%d -c idle_in_transaction_session_timeout=%d"
              .formatted(
                  answer.toMillis() * 4 / 5,
                  answer.toMillis() / 2,
                  settings.leaseTtl().toMillis()));
      return config;
    }

    /** Runs before post-processors that wrap the pool. */
    @Override
    public int getOrder() {
      return HIGHEST_PRECEDENCE;
    }

    @Override
    public void destroy() {
      opened.forEach(HikariDataSource::close);
    }
  }

  /** Gives calls of workers the connections that are reserved for them. */
  static final class WorkerConnectionsFilter extends OncePerRequestFilter {
    @Override
    protected void doFilterInternal(
        HttpServletRequest request, HttpServletResponse response, FilterChain chain)
        throws ServletException, IOException {
      try {
        WorkerConnections.use(
            () -> {
              chain.doFilter(request, response);
              return true;
            });
      } catch (ServletException | IOException | RuntimeException failed) {
        throw failed;
      } catch (Exception never) {
        throw new ServletException(never);
      }
    }
  }

  /**
   * Checks that the database answers, with a connection that is reserved for workers: if all other
   * connections are in use, the server is busy but healthy.
   */
  @Component("database")
  static class DatabaseHealth extends AbstractHealthIndicator {
    private final JdbcClient sql;

    DatabaseHealth(JdbcClient sql) {
      super("the database does not answer");
      this.sql = sql;
    }

    @Override
    protected void doHealthCheck(Health.Builder builder) {
      WorkerConnections.use(() -> sql.sql("select 1").query(Integer.class).single());
      builder.up();
    }
  }
}
