package dev.graft.pg;

import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import javax.sql.DataSource;
import org.springframework.beans.factory.config.BeanDefinition;
import org.springframework.beans.factory.config.BeanPostProcessor;
import org.springframework.boot.test.context.TestConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Role;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.jdbc.datasource.DelegatingDataSource;
import org.springframework.web.filter.OncePerRequestFilter;

/**
 * The SQL statements that the server sends while it answers a request, of JPA and of JdbcClient. A
 * test sends {@value #HEADER} with a value of its own and takes the statements by that value.
 */
public final class CountedStatements {
  public static final String HEADER = "X-Count-Statements";

  private final Map<String, List<String>> answered = new ConcurrentHashMap<>();
  private final ThreadLocal<List<String>> sent = new ThreadLocal<>();

  /** The statements of the request with this header, once it has been answered. */
  public List<String> of(String request) {
    List<String> statements = answered.remove(request);
    if (statements == null) throw new AssertionError("No request " + request + " was counted");
    return statements;
  }

  private PreparedStatement prepared(String text, PreparedStatement statement) {
    List<String> statements = sent.get();
    // The role of the department is set before the first statement of a transaction.
    if (statements != null && !text.contains("set_config('role'")) statements.add(text);
    return statement;
  }

  private Connection counted(Connection connection) {
    return (Connection)
        Proxy.newProxyInstance(
            CountedStatements.class.getClassLoader(),
            new Class<?>[] {Connection.class},
            (proxy, method, arguments) -> {
              try {
                Object result = method.invoke(connection, arguments);
                return result instanceof PreparedStatement statement
                    ? prepared((String) arguments[0], statement)
                    : result;
              } catch (InvocationTargetException failed) {
                throw failed.getCause();
              }
            });
  }

  /** Imported, it counts the statements of a context. */
  @TestConfiguration
  public static class Configured {
    @Bean
    @Role(BeanDefinition.ROLE_INFRASTRUCTURE) // made before bean post-processors, without harm
    static CountedStatements countedStatements() {
      return new CountedStatements();
    }

    @Bean
    static BeanPostProcessor countedDataSource(CountedStatements counted) {
      return new BeanPostProcessor() {
        @Override
        public Object postProcessAfterInitialization(Object bean, String name) {
          return bean instanceof DataSource source && name.equals("dataSource")
              ? new DelegatingDataSource(source) {
                @Override
                public Connection getConnection() throws SQLException {
                  return counted.counted(super.getConnection());
                }
              }
              : bean;
        }
      };
    }

    @Bean
    @Order(Ordered.HIGHEST_PRECEDENCE)
    OncePerRequestFilter countedRequests(CountedStatements counted) {
      return new OncePerRequestFilter() {
        @Override
        protected void doFilterInternal(
            HttpServletRequest request, HttpServletResponse response, FilterChain chain)
            throws ServletException, IOException {
          String id = request.getHeader(HEADER);
          if (id == null) {
            chain.doFilter(request, response);
            return;
          }
          List<String> statements = new ArrayList<>();
          counted.answered.put(id, statements);
          counted.sent.set(statements);
          try {
            chain.doFilter(request, response);
          } finally {
            counted.sent.remove();
          }
        }
      };
    }
  }
}
