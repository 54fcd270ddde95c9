namespace Onboarding.Tenancy.Archives;

/// <summary>
/// Turns what is written synchronously into writes that wait for nobody: .NET ends an entry of a ZIP archive by such
/// writes, some kilobytes, and the web server refuses them. They are held until the next asynchronous write. All writes keep
/// to <paramref name="pace"/>.
/// </summary>
internal sealed class HeldWrites(Stream output, ReaderPace pace) : Stream
{
    private readonly MemoryStream held = new();

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override void Write(byte[] buffer, int offset, int count) => held.Write(buffer, offset, count);

    public override void Write(ReadOnlySpan<byte> buffer) => held.Write(buffer);

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        await LetGoAsync(cancellationToken);
        await pace.RunAsync(buffer.Length, token => output.WriteAsync(buffer, token), cancellationToken);
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Flush()
    {
        // with the next asynchronous write
    }

    public override async Task FlushAsync(CancellationToken cancellationToken)
    {
        await LetGoAsync(cancellationToken);
        await pace.RunAsync(0, token => new ValueTask(output.FlushAsync(token)), cancellationToken);
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    private async Task LetGoAsync(CancellationToken cancellationToken)
    {
        if (held.Length > 0)
        {
            await pace.RunAsync((int)held.Length, token => output.WriteAsync(held.GetBuffer().AsMemory(0, (int)held.Length), token), cancellationToken);
            held.SetLength(0);
        }
    }
}
