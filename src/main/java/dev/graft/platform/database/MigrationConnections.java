package dev.graft.platform.database;

import java.util.Properties;
import javax.sql.DataSource;
import org.springframework.boot.flyway.autoconfigure.FlywayDataSource;
import org.springframework.boot.jdbc.autoconfigure.JdbcConnectionDetails;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Profile;
import org.springframework.jdbc.datasource.DriverManagerDataSource;

/**
 * Migrations have connections of their own: an index of a large table takes longer than any request
 * may, and must not be broken off.
 */
@Configuration(proxyBeanMethods = false)
@Profile("server")
class MigrationConnections {
  @Bean(defaultCandidate = false)
  @FlywayDataSource
  DataSource migrationDatabase(JdbcConnectionDetails database) {
    Properties properties = new Properties();
    properties.setProperty("connectTimeout", "5");
    properties.setProperty("tcpKeepAlive", "true");
    DriverManagerDataSource source = new DriverManagerDataSource(database.getJdbcUrl());
    source.setUsername(database.getUsername());
    source.setPassword(database.getPassword());
    source.setConnectionProperties(properties);
    return source;
  }
}
