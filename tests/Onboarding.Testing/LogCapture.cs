using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Onboarding.Testing;

/// <summary>Keeps what was logged, so that tests can look for what must not be there.</summary>
public sealed class LogCapture : ILoggerProvider
{
    private readonly ConcurrentQueue<string> lines = new();

    /// <summary>Every line so far: category, level, message, exception.</summary>
    public IReadOnlyCollection<string> Lines => lines;

    /// <inheritdoc/>
    public ILogger CreateLogger(string categoryName) => new Logger(categoryName, lines);

    /// <inheritdoc/>
    public void Dispose()
    {
    }

    private sealed class Logger(string category, ConcurrentQueue<string> lines) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            var line = $"{category} {logLevel}: {formatter(state, exception)} {exception}";
            lines.Enqueue(line);

            // What is behind an answer of 500: the test that met it can only say that it did.
            if (logLevel >= LogLevel.Error && category.EndsWith(".ExceptionHandlerMiddleware", StringComparison.Ordinal))
            {
                Console.Error.WriteLine(line);
            }
        }
    }
}
