# syntax=docker/dockerfile:1
FROM mcr.microsoft.com/dotnet/sdk:10.0 AS build
WORKDIR /source
COPY global.json Directory.Build.props Directory.Packages.props BannedSymbols.txt .editorconfig ./
COPY src/Onboarding.Tenancy/Onboarding.Tenancy.csproj src/Onboarding.Tenancy/
COPY src/Onboarding.Billing/Onboarding.Billing.csproj src/Onboarding.Billing/
COPY src/Onboarding.FakeStripe/Onboarding.FakeStripe.csproj src/Onboarding.FakeStripe/
COPY src/Onboarding.Webhooks/Onboarding.Webhooks.csproj src/Onboarding.Webhooks/
COPY src/Onboarding.Api/Onboarding.Api.csproj src/Onboarding.Api/
RUN dotnet restore src/Onboarding.Api --use-current-runtime
COPY src/ src/
RUN dotnet publish src/Onboarding.Api --no-restore -c Release --use-current-runtime -o /app

FROM mcr.microsoft.com/dotnet/aspnet:10.0
WORKDIR /app
COPY --from=build /app ./
ENV ASPNETCORE_ENVIRONMENT=Production \
    ASPNETCORE_HTTP_PORTS=8080
EXPOSE 8080
# The image's own unprivileged user.
USER $APP_UID
# The runtime image has no curl; bash speaks enough HTTP to ask whether the process answers.
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
    CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/8080 && printf 'GET /health/live HTTP/1.0\\r\\nHost: localhost\\r\\n\\r\\n' >&3 && head -n 1 <&3 | grep -q 200"]
ENTRYPOINT ["dotnet", "Onboarding.Api.dll"]
