# For a Hugging Face Space (Docker) or any host. The process runs as UID 1000 over a code tree it cannot write.
FROM python:3.11-slim

RUN useradd -m -u 1000 user
USER user
ENV PATH=/home/user/.local/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    STREAMLIT_SERVER_ADDRESS=0.0.0.0 \
    STREAMLIT_SERVER_PORT=8501 \
    STREAMLIT_SERVER_HEADLESS=true \
    STREAMLIT_BROWSER_SERVER_ADDRESS=localhost \
    KINTSUGI_PUBLIC=true \
    KINTSUGI_DATA_DIR=/data/kintsugi

WORKDIR /home/user/app
COPY requirements.txt .
RUN python -m pip install --no-cache-dir --no-warn-script-location --user -r requirements.txt
COPY . .

EXPOSE 8501
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s CMD ["python", "-c", "import os, urllib.request as u; u.urlopen('http://127.0.0.1:' + os.environ['STREAMLIT_SERVER_PORT'] + '/health', timeout=4)"]
CMD ["streamlit", "run", "app.py"]
